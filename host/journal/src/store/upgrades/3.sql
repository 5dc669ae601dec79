-- From format 2 to format 3: a deployment may be planned more than once before its first step, and the line of its end says
-- whether the release is to blame. The tables are the same; an older agent could not read the lines.

-- Whether two releases of an application have the same label.
CREATE INDEX deployments_by_label ON deployments (application, version, release);

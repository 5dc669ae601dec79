"""Proves that the application answers with the version that was deployed."""

import json

from windlass import Report, Verdict, answers, fail, failure, get, ok

# The schema of the plugin's `with` table. A misspelt key is an error with its place, before the plugin is called.
CONFIG = {
    "type": "object",
    "properties": {"url": {"type": "string", "description": "Where the application tells its version, as text"}},
    "required": ["url"],
    "additionalProperties": False,
}

EXAMPLE = """\
[smoke.version]
plugin = "./smoke/plugin_name.wasm"
with = { url = "http://127.0.0.1:8088/version" }
"""


class Plugin:
    """What every plugin exports."""

    @answers
    def describe(self):
        summary = "proves that the application answers with the version that was deployed"
        return json.dumps({"config": CONFIG, "summary": summary, "example": EXAMPLE})

    @answers
    def validate_config(self, config):
        if not json.loads(config)["url"].startswith(("http://", "https://")):
            raise failure("invalid-config", "`url` is no address of a web service")


class Smoke:
    """What a smoke test exports. A `fail` puts the old version back, and so does a failure."""

    @answers
    def run(self, context):
        config, release = json.loads(context.config()), json.loads(context.release())
        status, body = get(config["url"])
        return judge(release["version"], status, body.decode(errors="replace").strip())


def judge(version, status, text):
    """What the answer means. `PENDING` is asked again until the test's deadline: the application may be starting."""
    if status in (502, 503, 504):
        return Report(Verdict.PENDING, f"it does not answer yet ({status})", [], None)
    if status != 200:
        return fail(f"it answers {status}")
    return ok(f"it answers as {version}") if text == version else fail(f"it answers as {text!r} and not as {version}")

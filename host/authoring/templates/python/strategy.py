"""Deploys by three commands that the operator of the host defined: one tells what runs, one deploys, one removes."""

import json

from windlass import answers, fail, failure, ok
from wit_world.imports import exec as commands

# The schema of the plugin's `with` table. A misspelt key is an error with its place, before the plugin is called.
CONFIG = {
    "type": "object",
    "properties": {
        "running": {"type": "string", "description": "The command that prints the version that runs, or nothing"},
        "deploy": {"type": "string", "description": "The command that deploys the version that is its only argument"},
        "remove": {"type": "string", "description": "The command that removes what runs"},
    },
    "required": ["running", "deploy", "remove"],
    "additionalProperties": False,
}

EXAMPLE = """\
[strategy]
plugin = "./strategies/plugin_name.wasm"
with = { running = "kudos-version", deploy = "kudos-deploy", remove = "kudos-remove" }
"""


class Plugin:
    """What every plugin exports."""

    @answers
    def describe(self):
        summary = "deploys by three commands that the operator defined"
        return json.dumps({"config": CONFIG, "summary": summary, "example": EXAMPLE})

    @answers
    def validate_config(self, config):
        pass


class Strategy:
    """What a strategy exports. It keeps nothing between calls: all that a step and its undoing need is in the step."""

    @answers
    def observe(self, context):
        version = running(context)
        part = {"service": "application", "instance": "application", "version": version, "state": "running"}
        return json.dumps({"format": 1, "fingerprint": fingerprint(version), "parts": [part] if version else []})

    @answers
    def plan(self, context):
        return json.dumps(plan(running(context), json.loads(context.release())["version"]))

    @answers
    def apply(self, context, step):
        """After a crash the same step is applied again."""
        version = json.loads(step)["details"]["version"]
        run(json.loads(context.config())["deploy"], version)
        return json.dumps({"deployed": version})

    @answers
    def undo(self, context, step, output):
        """Puts back what was there, whether nothing, half or all of the step was done."""
        config, version = json.loads(context.config()), json.loads(step)["before"]["version"]
        if version:
            run(config["deploy"], version)
        else:
            run(config["remove"])

    @answers
    def verify(self, context):
        version, wanted = running(context), json.loads(context.release())["version"]
        return ok(f"{wanted} runs") if version == wanted else fail(f"{version or 'nothing'} runs and not {wanted}")

    @answers
    def missing(self, context):
        return []

    @answers
    def prune(self, context, kept):
        return []


def run(command, *arguments):
    """What a command prints."""
    output = commands.run(command, list(arguments), b"")
    if output.exit_code != 0:
        said = output.stderr.decode(errors="replace").strip()
        raise failure("plugin:command", f"`{command}` ended with {output.exit_code}: {said}")
    return output.stdout.decode(errors="replace").strip()


def running(context):
    """The version that runs; none where nothing does."""
    return run(json.loads(context.config())["running"]) or None


def fingerprint(version):
    """Changes exactly when something did that a plan depends on."""
    return f"version {version}" if version else "nothing"


def plan(version, wanted):
    """The steps from what runs to what is wanted. `windlass schema plan` describes it."""
    change = {"subject": "application", "action": "create", "cause": "nothing runs"}
    if version:
        change.update(action="update", cause=f"{version} runs")
    if version == wanted:
        change.update(action="keep", cause="this version runs already")
    step = {
        "id": "deploy",
        "title": f"deploy {wanted}",
        "phase": "apply",
        "changes": True,
        "subject": "application",
        "before": {"version": version},
        "details": {"version": wanted},
    }
    steps = [] if version == wanted else [step]
    return {"format": 1, "fingerprint": fingerprint(version), "changes": [change], "steps": steps}

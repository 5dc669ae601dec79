"""Tells a web service how each deployment ended."""

import json

from windlass import answers, failure, request

# The schema of the plugin's `with` table. A misspelt key is an error with its place, before the plugin is called.
CONFIG = {
    "type": "object",
    "properties": {"url": {"type": "string", "description": "Where the events are sent, each as JSON"}},
    "required": ["url"],
    "additionalProperties": False,
}

EXAMPLE = """\
[recorders.events]
plugin = "./recorders/plugin_name.wasm"
with = { url = "https://events.example/deployments" }
"""


class Plugin:
    """What every plugin exports."""

    @answers
    def describe(self):
        summary = "tells a web service how each deployment ended"
        return json.dumps({"config": CONFIG, "summary": summary, "example": EXAMPLE})

    @answers
    def validate_config(self, config):
        if not json.loads(config)["url"].startswith(("http://", "https://")):
            raise failure("invalid-config", "`url` is no address of a web service")


class Recorder:
    """What a recorder exports. It is told at least once, and in order."""

    @answers
    def deliver(self, context, event):
        """A failure that is retryable is tried again later; any other is set aside for a person."""
        url, event = json.loads(context.config())["url"], json.loads(event)
        told = {name: event[name] for name in ("application", "environment", "outcome")}
        told["version"] = event["release"]["version"]
        # The key is the same in every attempt, so that a service can tell a repeated event from a new one.
        headers = {"content-type": "application/json", "idempotency-key": event["idempotency-key"]}
        status, _ = request("POST", url, headers, json.dumps(told).encode())
        if not 200 <= status < 300:
            raise failure("unavailable", f"{url} answered {status}", retryable=status >= 500 or status == 429)
        return json.dumps({"summary": f"told {url} of {event['deployment']}"})

"""Refuses a release while the release calendar says that the environment is closed."""

import json
from urllib.parse import quote

from windlass import answers, fail, failure, get, ok

# The schema of the plugin's `with` table. A misspelt key is an error with its place, before the plugin is called.
CONFIG = {
    "type": "object",
    "properties": {"url": {"type": "string", "description": "The calendar; it answers {\"open\": true}"}},
    "required": ["url"],
    "additionalProperties": False,
}

EXAMPLE = """\
[checks.calendar]
plugin = "./checks/plugin_name.wasm"
with = { url = "https://calendar.example/open" }
"""


class Plugin:
    """What every plugin exports."""

    @answers
    def describe(self):
        summary = "refuses a release while the release calendar says that the environment is closed"
        return json.dumps({"config": CONFIG, "summary": summary, "example": EXAMPLE})

    @answers
    def validate_config(self, config):
        if not json.loads(config)["url"].startswith(("http://", "https://")):
            raise failure("invalid-config", "`url` is no address of a web service")


class Check:
    """What a check exports."""

    @answers
    def run(self, context):
        config, release = json.loads(context.config()), json.loads(context.release())
        query = f"environment={quote(context.environment())}&version={quote(release['version'])}"
        status, body = get(f"{config['url']}?{query}")
        if status != 200:
            raise failure("unavailable", f"the calendar answered {status}", retryable=status >= 500)
        return judge(context.environment(), json.loads(body))


def judge(environment, answer):
    """What the calendar's answer means."""
    if answer["open"]:
        return ok(f"{environment} is open for releases")
    return fail(f"{environment} is closed for releases: {answer.get('reason', 'the calendar gives no reason')}")

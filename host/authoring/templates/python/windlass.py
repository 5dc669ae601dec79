"""Between the code that componentize-py makes from the contract and the plugin in app.py.

An exception becomes a failure with its text, which the operator reads: never a verdict, and never a pass.
"""

import functools
import json
from urllib.parse import urlsplit

from componentize_py_types import Err, Ok
from wit_world.imports import outgoing_handler, types
from wit_world.imports.common import Failure, Finding, Report, Verdict
from wit_world.imports.streams import StreamError_Closed

__all__ = ["Failure", "Finding", "Report", "Verdict", "answers", "fail", "failure", "get", "ok", "request"]


def ok(summary, findings=()):
    """All is well."""
    return Report(Verdict.PASS, summary, list(findings), None)


def fail(summary, findings=()):
    """No: it refuses, or puts the old version back."""
    return Report(Verdict.FAIL, summary, list(findings), None)


def failure(code, message, retryable=False, hint=None):
    """What is raised when the plugin could not do its work: `raise failure(...)`. wit/deps/windlass-plugin/common.wit has the codes."""
    return Err(Failure(code, message, retryable, json.dumps({"hint": hint}) if hint else None))


def answers(call):
    """Makes a failure of each exception that leaves a function which the agent calls."""

    @functools.wraps(call)
    def guarded(*arguments):
        try:
            return call(*arguments)
        except Err as error:
            if isinstance(error.value, Failure):
                raise
            raise failure("internal", repr(error.value)) from None
        except Exception as error:
            raise failure("internal", f"{type(error).__name__}: {error}") from error

    return guarded


def get(url, headers=None):
    """`GET`: the status and the body. There is an answer or a failure; any status is an answer."""
    return request("GET", url, headers)


def request(method, url, headers=None, body=b""):
    """One HTTP request through the agent, which reaches only what the operator's `http` grant names."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise failure("invalid-argument", f"{url} is no address of a web service")
    fields = [(name, value.encode()) for name, value in (headers or {}).items()]
    if body:
        fields.append(("content-length", str(len(body)).encode()))
    outgoing = types.OutgoingRequest(types.Fields.from_list(fields))
    outgoing.set_method(METHODS.get(method, types.Method_Other(method)))
    outgoing.set_scheme(types.Scheme_Https() if parts.scheme == "https" else types.Scheme_Http())
    outgoing.set_authority(parts.netloc)
    outgoing.set_path_with_query((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
    sent = outgoing.body()
    try:
        future = outgoing_handler.handle(outgoing, None)
        if body:
            with sent.write() as stream:
                for start in range(0, len(body), 4096):
                    stream.blocking_write_and_flush(body[start : start + 4096])
        types.OutgoingBody.finish(sent, None)
        future.subscribe().block()
        answer = future.get()
        while isinstance(answer, Ok):
            answer = answer.value
        if isinstance(answer, Err):
            raise answer
        return answer.status(), read(answer.consume())
    except Err as error:
        raise unanswered(url, error.value) from None


METHODS = {
    "GET": types.Method_Get(),
    "HEAD": types.Method_Head(),
    "POST": types.Method_Post(),
    "PUT": types.Method_Put(),
    "DELETE": types.Method_Delete(),
    "PATCH": types.Method_Patch(),
}


def read(body):
    """A whole body."""
    read = bytearray()
    with body.stream() as stream:
        while True:
            try:
                read += stream.blocking_read(65536)
            except Err as error:
                if isinstance(error.value, StreamError_Closed):
                    return bytes(read)
                raise


def unanswered(url, code):
    """Why there is no answer. The agent says it in its own words, and what has to be granted."""
    said = getattr(code, "value", None)
    if isinstance(code, types.ErrorCode_InternalError) and said:
        word, _, message = said.partition(": ")
        if " " not in word and message:
            return failure(word, message, retryable=word in ("unavailable", "timeout"))
        return failure("unavailable", f"{url}: {said}", retryable=True)
    name = type(code).__name__.removeprefix("ErrorCode_")
    return failure("unavailable", f"{url}: {name}", retryable=True)

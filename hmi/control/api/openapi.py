"""The OpenAPI document, made of the routes as they are described, and the page that shows it."""

import re
from collections.abc import Iterator
from typing import Final, cast

from flask import Blueprint, Flask, Response, current_app, json, render_template
from flask.typing import ResponseReturnValue
from pydantic import TypeAdapter
from werkzeug.routing import Rule

from hmi.control.api.described import PREFIX, SAFE, Described, described, description_of
from hmi.control.api.edge import Edge, Refusal
from hmi.control.auth import signed_in
from hmi.control.room import room
from scada.model.rights import DANGEROUS, LOOK, OWN, roles_of

openapi = Blueprint("openapi", __name__)

VERSION: Final = "1"
_REF: Final = "#/components/schemas/{model}"
_IN_PATH: Final = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")
_COMMON: Final = {
    "400": "not understood, or without the page's token",
    "401": "not signed in, or away from the screen for too long",
    "403": "the role may not",
    "404": "there is no such thing",
    "409": "refused",
    "422": "something in it is wrong: where, what, and what to do",
    "429": "too many",
    "500": "it broke; whether it was done is not known",
    "503": "what has to answer does not",
    "504": "nobody knows whether it was done",
}

Json = dict[str, object]


@openapi.get(f"{PREFIX}/openapi.json")
@described(LOOK)
def document() -> ResponseReturnValue:
    """Give this document."""
    return Response(json.dumps(made(current_app)), mimetype="application/json")


@openapi.get("/api")
def page() -> ResponseReturnValue:
    """Show all routes, with who may and what they take."""
    site = room().config.site
    page_data = {"site": {"zone": site.zone}}
    rows = [_row(rule, method, what) for rule, method, what in routes(current_app)]
    return render_template("control/api.html", who=signed_in(), site=site, page_data=page_data, routes=rows)


def _row(rule: Rule, method: str, what: Described) -> Json:
    models = [model for model in (what.query, what.body) if model is not None]
    takes = [field.alias or name for model in models for name, field in model.model_fields.items()]
    roles = roles_of(what.right)
    return {"method": method, "path": _path(rule), "does": what.does, "roles": roles, "takes": takes}


def routes(app: Flask) -> Iterator[tuple[Rule, str, Described]]:
    """Give every described route below the prefix: where, how, and what it is."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda one: one.rule):
        what = description_of(app.view_functions.get(rule.endpoint))
        if what is not None and rule.rule.startswith(f"{PREFIX}/"):
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield rule, method, what


def made(app: Flask) -> Json:
    """Make the document."""
    schemas: Json = {}
    paths: dict[str, Json] = {}
    for rule, method, what in routes(app):
        paths.setdefault(_path(rule), {})[method.lower()] = _operation(rule, method, what, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "daozha", "version": VERSION, "description": "What the control room's pages use themselves."},
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": _schemes()},
    }


def _schemes() -> Json:
    return {
        "session": {"type": "apiKey", "in": "cookie", "name": str(current_app.config["SESSION_COOKIE_NAME"])},
        "token": {"type": "http", "scheme": "bearer"},
        "page": {"type": "apiKey", "in": "header", "name": "X-CSRFToken"},
    }


def _operation(rule: Rule, method: str, what: Described, schemas: Json) -> Json:
    operation: Json = {
        "operationId": f"{rule.endpoint}.{method.lower()}",
        "tags": [rule.endpoint.partition(".")[0]],
        "summary": what.does.partition("\n")[0],
        "description": what.does,
        "parameters": [*_in_path(rule), *_in_query(what.query, schemas)],
        "responses": {"200": _content("done", _schema(what.answer, schemas)), **_errors(schemas)},
        "x-rights": [what.right],
        "x-roles": list(roles_of(what.right)),
        "x-dangerous": what.right in DANGEROUS,
    }
    bearer: list[Json] = [] if what.right in DANGEROUS | OWN else [{"token": []}]
    operation["security"] = [{"session": []} if method in SAFE else {"session": [], "page": []}, *bearer]
    if what.body is not None:
        body = {"schema": _schema(what.body, schemas, "validation")}
        operation["requestBody"] = {"required": True, "content": {"application/json": body}}
    return operation


def _errors(schemas: Json) -> Json:
    refusal = _schema(Refusal, schemas)
    return {status: _content(words, refusal) for status, words in _COMMON.items()}


def _content(words: str, schema: Json) -> Json:
    return {"description": words, "content": {"application/json": {"schema": schema}}}


def _in_path(rule: Rule) -> list[Json]:
    text = {"type": "string", "minLength": 1}
    return [{"name": name, "in": "path", "required": True, "schema": text} for name in sorted(rule.arguments)]


def _in_query(model: type[Edge] | None, schemas: Json) -> list[Json]:
    if model is None:
        return []
    whole = model.model_json_schema(ref_template=_REF)
    schemas.update(whole.pop("$defs", {}))
    required = whole.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": schema}
        for name, schema in whole.get("properties", {}).items()
    ]


def _schema(kind: object, schemas: Json, mode: str = "serialization") -> Json:
    adapter = TypeAdapter[object](cast("type[object]", kind))
    schema = adapter.json_schema(ref_template=_REF, mode="validation" if mode == "validation" else "serialization")
    schemas.update(schema.pop("$defs", {}))
    title = schema.get("title")
    if title is None or schema.get("type") != "object":
        return schema
    schemas[str(title)] = schema
    return {"$ref": _REF.format(model=title)}


def _path(rule: Rule) -> str:
    return _IN_PATH.sub(r"{\1}", rule.rule)

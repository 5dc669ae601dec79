//! The description of the agent's socket in the form of `OpenAPI` 3.1, made from the types that go over it. A test holds it to
//! the routes.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};
use windlass_api::{Command, ErrorFact};

use super::protocol::{
    API_HEADER, Accepted, Health, KEY_HEADER, LARGEST_COMMAND, LONGEST_KEY, OperationFact, StopRequest, StreamObject,
    VERSION_HEADER, version,
};

/// The description.
#[must_use]
pub fn description() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
    });
    let mut schemas = settings.into_generator();
    let paths = paths(&mut schemas);
    let definitions = schemas.take_definitions(true);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "The agent of Windlass",
            "version": version(),
            "description": "HTTP/1.1 over a Unix socket. The kernel says which user asks. Every answer has the agent's \
                versions in its headers; an answer that is not 2xx has an error as its body.",
        },
        "servers": [{ "url": "http://localhost" }],
        "paths": paths,
        "components": { "schemas": definitions },
    })
}

fn paths(schemas: &mut SchemaGenerator) -> Value {
    let error = json_body::<ErrorFact>(schemas);
    let with = |summary: &str, parameters: Value, body: Option<Value>, answers: &[(&str, &str, Value)]| {
        let mut responses: Map<String, Value> = answers
            .iter()
            .map(|(status, meaning, content)| {
                ((*status).to_owned(), json!({ "description": meaning, "content": content }))
            })
            .collect();
        responses.insert("default".to_owned(), json!({ "description": "why not", "content": error }));
        let mut route = json!({ "summary": summary, "parameters": parameters, "responses": responses });
        if let (Some(body), Some(route)) = (body, route.as_object_mut()) {
            route.insert("requestBody".to_owned(), json!({ "required": true, "content": body }));
        }
        route
    };
    let versions = json!([
        header(
            API_HEADER,
            "the version of commands that the caller speaks; another one than the agent's is refused (426)"
        ),
        header(VERSION_HEADER, "the caller's release, for the message of a refusal"),
    ]);
    let of_operation = || {
        let mut all = versions.as_array().cloned().unwrap_or_default();
        let schema = json!({ "type": "string" });
        all.push(
            json!({ "name": "id", "in": "path", "required": true, "schema": schema, "description": "the operation" }),
        );
        all
    };
    let mut begins = versions.as_array().cloned().unwrap_or_default();
    let key = format!(
        "a name of the request, at most {LONGEST_KEY} characters: it is carried out once, however often it is sent"
    );
    begins.push(header(KEY_HEADER, &key));
    let mut streamed = of_operation();
    let schema = json!({ "type": "integer", "minimum": 0, "default": 0 });
    streamed.push(json!({ "name": "after", "in": "query", "schema": schema, "description": "the number of the last line that is known" }));
    streamed.push(header("last-event-id", "the same, as browsers say it"));
    let lines = json!({
        "application/x-ndjson": { "schema": schemas.subschema_for::<StreamObject>() },
        "text/event-stream": { "schema": { "type": "string", "description": "the same objects, each with its number as the id" } },
    });
    let fact = json_body::<OperationFact>(schemas);
    let (accepted, health) = (json_body::<Accepted>(schemas), json_body::<Health>(schemas));
    let (command, stop) = (json_body::<Command>(schemas), json_body::<StopRequest>(schemas));
    let all = json_body::<Vec<OperationFact>>(schemas);
    let begin = format!("Carry out a command of at most {LARGEST_COMMAND} bytes. It goes on whoever listens.");
    json!({
        "/v1/health": { "get": with("How the agent is.", json!([]), None, &[("200", "it answers", health)]) },
        "/v1/metrics": { "get": with("Numbers about this host, for who may read all of it.", versions.clone(), None, &[("200", "the text format of Prometheus, version 0.0.4", json!({ "text/plain": { "schema": { "type": "string" } } }))]) },
        "/v1/openapi.json": { "get": with("This description.", json!([]), None, &[("200", "the description", json!({ "application/json": {} }))]) },
        "/v1/operations": {
            "get": with("Operations that go on, and those of deployments that have ended, the newest first.", versions.clone(), None, &[("200", "all that the caller may see", all)]),
            "post": with(&begin, json!(begins), Some(command), &[("202", "it is taken", accepted)]),
        },
        "/v1/operations/{id}": { "get": with("One operation.", json!(of_operation()), None, &[("200", "it is known", fact.clone())]) },
        "/v1/operations/{id}/events": {
            "get": with("What an operation tells, from a line to its end.", json!(streamed), None, &[("200", "its lines", lines)]),
        },
        "/v1/operations/{id}/stop": {
            "post": with("Ask an operation to stop.", json!(of_operation()), Some(stop), &[("202", "it was asked", fact)]),
        },
    })
}

fn json_body<T: JsonSchema>(schemas: &mut SchemaGenerator) -> Value {
    json!({ "application/json": { "schema": schemas.subschema_for::<T>() } })
}

fn header(name: &str, description: &str) -> Value {
    json!({ "name": name, "in": "header", "schema": { "type": "string" }, "description": description })
}

#[cfg(test)]
mod tests {
    use super::super::routes::routes;
    use super::*;

    #[test]
    fn the_description_has_exactly_the_routes() {
        let description = description();
        let described: Vec<&str> = description["paths"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(described, routes().map(|(path, _)| path));
    }

    #[test]
    fn every_reference_in_it_leads_somewhere() {
        let description = description();
        let text = description.to_string();
        let references: Vec<&str> =
            text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert!(references.len() > 20, "{references:?}");
        for reference in references {
            assert!(description.pointer(reference).is_some(), "{reference}");
        }
    }
}

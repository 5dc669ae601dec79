//! What becomes of data when containers are replaced, as plans tell it. No engine.

use serde_json::{Value, json};

use super::plans::{images, running, wanted};
use super::world::shown;
use crate::desired::Desired;
use crate::plan::plan;
use crate::state::{Image, Mounted, State};
use crate::{judged, labels};

const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// The state after everything of `desired` was made, with these volumes in the container of that name.
fn with(desired: &Desired, container: &str, volumes: &[(&str, &str)]) -> State {
    let mut state = running(desired);
    let found = state.containers.iter_mut().find(|one| one.name == container).unwrap();
    found.volumes = volumes
        .iter()
        .map(|(target, volume)| Mounted { target: (*target).to_owned(), volume: (*volume).to_owned(), writable: true })
        .collect();
    state
}

fn declares(state: &mut State, desired: &Desired, target: &str) {
    let image = Image {
        id: desired.services["back"].image.reference.clone(),
        config: json!({ "Env": ["PATH=/bin"], "Volumes": { target: {} } }),
        platform: None,
    };
    state.images.insert(image.id.clone(), Some(image));
}

fn back(more: &str) -> Desired {
    wanted(&format!("services:\n  back: {{image: back, command: {more}}}\nvolumes: {{one: , two: }}\n"))
}

/// The body of the only container that is made.
fn body(plan: &windlass_domain::Plan) -> (Value, Value) {
    let step = plan.steps.iter().find(|step| step.id == "back:create").unwrap();
    (step.details["body"]["HostConfig"]["Mounts"].clone(), step.details["carried"].clone())
}

#[test]
fn volumes_without_a_name_are_carried_over_where_the_files_or_the_image_still_ask_for_one() {
    let (old, new) = (back("a, volumes: ['/data']"), back("b, volumes: ['/data']"));
    let other = HEX.replace('0', "f");
    let mut state = with(&old, "app-back-1", &[("/data", HEX), ("/image", &other)]);
    declares(&mut state, &new, "/image/");
    let told = plan(&new, &state).unwrap();
    assert!(
        shown(&told).contains(
            "replace service back: command changed; carries over the anonymous volumes at /data and /image \
             [stop-first: writes to the anonymous volume at `/data`]"
        ),
        "{}",
        shown(&told)
    );
    assert_eq!(
        body(&told),
        (json!([{ "Type": "volume", "Target": "/data" }]), json!({ "/data": HEX, "/image": other }))
    );
    // The host is asked about the volumes before anything is touched.
    let judged = judged::parts(&new, &told).unwrap();
    let mounts = judged.iter().flatten().find_map(|object| object.pointer("/container/HostConfig/Mounts")).unwrap();
    assert_eq!(
        *mounts,
        json!([
            { "Type": "volume", "Target": "/data", "Source": HEX },
            { "Type": "volume", "Target": "/image", "Source": other },
        ])
    );
    assert_eq!(told.warnings, ["back is not there while it is replaced: it writes to the anonymous volume at `/data`"]);
    // The same container as before, and nothing that a hash would be made of.
    assert!(plan(&old, &state).unwrap().is_unchanged());
}

#[test]
fn who_says_that_two_versions_may_write_at_once_is_believed() {
    for (more, manner) in [
        ("volumes: ['/data'], x-windlass: {replace: start-first}", "start-first"),
        ("volumes: [{type: volume, target: /data, read_only: true}]", "start-first"),
    ] {
        let (old, new) = (back(&format!("a, {more}")), back(&format!("b, {more}")));
        let told = shown(&plan(&new, &with(&old, "app-back-1", &[("/data", HEX)])).unwrap());
        assert!(told.contains(&format!("anonymous volume at /data [{manner}")), "{told}");
    }
}

#[test]
fn an_image_without_the_volume_leaves_it_and_one_that_is_not_here_yet_decides_when_it_is() {
    let (old, new) = (back("a"), back("b"));
    let mut state = with(&old, "app-back-1", &[("/image", HEX)]);
    let left = plan(&new, &state).unwrap();
    assert_eq!(
        left.warnings,
        [format!("back no longer uses its anonymous volume at /image; the data stays in the volume `{HEX}`")]
    );
    assert_eq!(body(&left).1, Value::Null);

    let mut new = new;
    new.services.get_mut("back").unwrap().image.local = false;
    state.images.clear();
    let told = plan(&new, &state).unwrap();
    assert!(
        shown(&told).contains("carries over the anonymous volume at /image where the new image still has one there"),
        "{}",
        shown(&told)
    );
    assert_eq!(body(&told).1, json!({ "/image": HEX }));
}

#[test]
fn what_starts_empty_and_where_the_data_stay_is_a_warning() {
    let mut cases = Vec::new();
    for (before, after, volume) in [
        ("['one:/data']", "['two:/data']", "app_one"),
        ("['one:/data']", "['/data']", "app_one"),
        ("['one:/data']", "[]", "app_one"),
        ("['one:/data']", "['one:/elsewhere']", "app_one"),
        ("['/data']", "['two:/data']", HEX),
        ("['/data']", "[]", HEX),
        ("['/data']", "[{type: tmpfs, target: /data}]", HEX),
    ] {
        let (old, new) = (back(&format!("a, volumes: {before}")), back(&format!("a, volumes: {after}")));
        let mut state = with(&old, "app-back-1", &[("/data", volume)]);
        state.volumes.remove("app_two");
        let warnings = plan(&new, &state).unwrap().warnings;
        let warnings = warnings.into_iter().filter(|warning| !warning.contains("is not there while"));
        cases.push(format!("{before} -> {after}: {}", warnings.collect::<Vec<_>>().join("; ").replace(HEX, "HEX")));
    }
    assert_eq!(
        cases.join("\n"),
        "['one:/data'] -> ['two:/data']: back: /data was the volume `app_one` and is now the volume `app_two`, which is \
         new and starts empty; the old data stays in the volume `app_one`\n\
         ['one:/data'] -> ['/data']: back: /data was the volume `app_one` and is now an anonymous volume, which starts \
         empty; the old data stays in the volume `app_one`\n\
         ['one:/data'] -> []: back no longer uses the volume `app_one`; its data stays there\n\
         ['one:/data'] -> ['one:/elsewhere']: \n\
         ['/data'] -> ['two:/data']: back: /data was an anonymous volume and is now the volume `app_two`, which is new \
         and starts empty; the old data stays in the volume `HEX`\n\
         ['/data'] -> []: back no longer uses its anonymous volume at /data; the data stays in the volume `HEX`\n\
         ['/data'] -> [{type: tmpfs, target: /data}]: back: /data was an anonymous volume and is now a file system in \
         memory, which starts empty; the old data stays in the volume `HEX`"
    );
}

#[test]
fn one_more_container_starts_empty_and_one_that_goes_leaves_its_data() {
    let text = |number: u32| back(&format!("a, volumes: ['/data'], deploy: {{replicas: {number}}}"));
    let (one, two) = (text(1), text(2));
    let up = plan(&two, &with(&one, "app-back-1", &[("/data", HEX)])).unwrap();
    assert_eq!(
        up.warnings,
        ["app-back-2 is one more container of back; its anonymous volume at /data is new and starts empty"]
    );
    let state = with(&two, "app-back-2", &[("/data", HEX)]);
    let goes = format!(
        "app-back-2 is removed, and the data that it kept in anonymous volumes stay: /data in the volume `{HEX}`; `docker \
         volume rm` removes what is not needed"
    );
    assert!(plan(&one, &state).unwrap().warnings.contains(&goes));
    let gone = wanted("services:\n  front: {image: front}\n");
    assert!(plan(&gone, &images(&gone, state)).unwrap().warnings.contains(&goes));
}

#[test]
fn jobs_and_what_is_lent_by_another_service_are_left_alone() {
    let job = |level: &str| {
        wanted(&format!(
            "services:\n  front: {{image: front, depends_on: {{back: {{condition: service_completed_successfully}}}}}}\n  \
             back: {{image: back, command: {level}, volumes: ['/data']}}\n"
        ))
    };
    let told = plan(&job("b"), &with(&job("a"), "app-back-1", &[("/data", HEX)])).unwrap();
    assert_eq!(body(&told).1, Value::Null);
    assert_eq!(told.warnings, Vec::<String>::new());
    assert_eq!(job("a").services["back"].body["Labels"][labels::VOLUMES], labels::DISCARD);

    let lent = |level: &str| {
        wanted(&format!(
            "services:\n  front: {{image: front, volumes: ['/data']}}\n  \
             back: {{image: back, command: {level}, volumes_from: [front]}}\n"
        ))
    };
    let (old, new) = (lent("a"), lent("b"));
    let mut state = with(&old, "app-front-1", &[("/data", HEX)]);
    let volumes = state.of_service("front")[0].volumes.clone();
    state.containers.iter_mut().find(|one| one.service == "back").unwrap().volumes = volumes;
    declares(&mut state, &new, "/data");
    let told = plan(&new, &state).unwrap();
    assert_eq!(body(&told).1, Value::Null);
    assert_eq!(told.warnings, Vec::<String>::new());
}

//! Generated code, once for all kinds of plugin. Authors never see it.
//!
//! The imports of all kinds share one set of types. A component imports what its code really calls, so a check built
//! with this crate does not import what only strategies may.

/// What plugins can call.
pub mod imports {
    wit_bindgen::generate!({
        path: ["../../wit/0.2", "wit"],
        world: "windlass:sdk/imports",
        generate_all,
    });
}

/// Declares one export in terms of the shared imports.
macro_rules! export {
    ($module:ident, $world:literal, $macro:literal, $path:literal, $with:tt) => {
        pub mod $module {
            wit_bindgen::generate!({
                path: ["../../wit/0.2", "wit"],
                world: $world,
                pub_export_macro: true,
                export_macro_name: $macro,
                default_bindings_module: $path,
                with: $with,
            });
        }
    };
}

export!(plugin, "windlass:sdk/plugin", "export_plugin", "windlass_sdk::bindings::plugin", {
    "windlass:plugin/common@0.2.0": crate::bindings::imports::windlass::plugin::common,
});
export!(check, "windlass:sdk/check", "export_check", "windlass_sdk::bindings::check", {
    "windlass:plugin/common@0.2.0": crate::bindings::imports::windlass::plugin::common,
    "windlass:plugin/context@0.2.0": crate::bindings::imports::windlass::plugin::context,
});
export!(strategy, "windlass:sdk/strategy", "export_strategy", "windlass_sdk::bindings::strategy", {
    "windlass:plugin/common@0.2.0": crate::bindings::imports::windlass::plugin::common,
    "windlass:plugin/context@0.2.0": crate::bindings::imports::windlass::plugin::context,
});
export!(smoke, "windlass:sdk/smoke", "export_smoke", "windlass_sdk::bindings::smoke", {
    "windlass:plugin/common@0.2.0": crate::bindings::imports::windlass::plugin::common,
    "windlass:plugin/context@0.2.0": crate::bindings::imports::windlass::plugin::context,
});
export!(recorder, "windlass:sdk/recorder", "export_recorder", "windlass_sdk::bindings::recorder", {
    "windlass:plugin/common@0.2.0": crate::bindings::imports::windlass::plugin::common,
    "windlass:plugin/context@0.2.0": crate::bindings::imports::windlass::plugin::context,
});

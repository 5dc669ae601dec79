//! The only generated bindings of the host, one world per kind.
//!
//! The imports that worlds share are generated once, in [`imports`]; each kind's module holds its exports and a
//! linker function that offers exactly its own world. Nothing outside of this crate sees these types: see `convert`.

/// Every import of every world.
pub(super) mod imports {
    wasmtime::component::bindgen!({
        path: "../../wit/0.2",
        inline: "
            package windlass:host;
            world imports {
                import windlass:plugin/common@0.2.0;
                import windlass:plugin/context@0.2.0;
                import windlass:plugin/log@0.2.0;
                import windlass:plugin/state@0.2.0;
                import windlass:plugin/files@0.2.0;
                import windlass:plugin/secrets@0.2.0;
                import windlass:plugin/docker-read@0.2.0;
                import windlass:plugin/docker-write@0.2.0;
                import windlass:plugin/registry@0.2.0;
                import windlass:plugin/exec@0.2.0;
            }
        ",
        world: "windlass:host/imports",
        imports: { default: async | trappable },
        with: {
            "windlass:plugin/context.ctx": crate::imports::context::Context,
            "windlass:plugin/docker-read.events": crate::imports::docker::Events,
        },
        require_store_data_send: true,
    });
}

/// The world of checks.
pub(super) mod check {
    wasmtime::component::bindgen!({
        path: "../../wit/0.2",
        world: "windlass:plugin/check-plugin",
        imports: { default: async | trappable },
        exports: { default: async },
        with: { "windlass:plugin": super::imports::windlass::plugin },
        require_store_data_send: true,
    });
}

/// The world of strategies.
pub(super) mod strategy {
    wasmtime::component::bindgen!({
        path: "../../wit/0.2",
        world: "windlass:plugin/strategy-plugin",
        imports: { default: async | trappable },
        exports: { default: async },
        with: { "windlass:plugin": super::imports::windlass::plugin },
        require_store_data_send: true,
    });
}

/// The world of smoke tests.
pub(super) mod smoke {
    wasmtime::component::bindgen!({
        path: "../../wit/0.2",
        world: "windlass:plugin/smoke-plugin",
        imports: { default: async | trappable },
        exports: { default: async },
        with: { "windlass:plugin": super::imports::windlass::plugin },
        require_store_data_send: true,
    });
}

/// The world of recorders.
pub(super) mod recorder {
    wasmtime::component::bindgen!({
        path: "../../wit/0.2",
        world: "windlass:plugin/recorder-plugin",
        imports: { default: async | trappable },
        exports: { default: async },
        with: { "windlass:plugin": super::imports::windlass::plugin },
        require_store_data_send: true,
    });
}

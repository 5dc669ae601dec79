//! The macro that turns a type into a component.
//!
//! Items in macros are not hygienic, hence the long names of those that it makes.

/// Makes the crate a plugin: exports the type's functions and writes its manifest.
///
/// ```ignore
/// windlass_sdk::export!(recorder Ledger {
///     name: "recorder-ledger",
///     summary: "writes deployments to a ledger file",
///     example: include_str!("../example.toml"),
///     capabilities: [
///         "files" root "records" write true => "the ledger is kept there",
///         "http" optional true => "tells the bookkeeper where one is configured",
///     ],
/// });
/// ```
///
/// A release whose plugin was not granted what it asks for is refused before anything is touched; `optional true` is
/// for what depends on the plugin's configuration, and is refused when it is used.
///
/// The kind is `check`, `strategy`, `smoke` or `recorder`. The version is the crate's. `example` is optional.
/// Names and reasons are literals without quotation marks and backslashes. On other targets than WebAssembly the
/// macro only checks that the type implements the kind's trait.
#[macro_export]
macro_rules! export {
    ($kind:ident $plugin:ty {
        name: $name:literal,
        summary: $summary:expr,
        $(example: $example:expr,)?
        capabilities: [$($capabilities:tt)*] $(,)?
    }) => {
        const _: () = {
            const WINDLASS_MANIFEST: &str = concat!(
                "{\"format\":1,\"name\":\"", $name, "\",\"version\":\"", env!("CARGO_PKG_VERSION"),
                "\",\"kind\":\"", stringify!($kind), "\",\"contract\":\"0.2.0\",\"capabilities\":[",
                $crate::__capabilities!($($capabilities)*), "]}"
            );
            const WINDLASS_SUMMARY: &str = $summary;
            const WINDLASS_EXAMPLE: &str = $crate::__or_empty!($($example)?);
            assert!(
                $crate::manifest::is_flat_json(WINDLASS_MANIFEST),
                "names and reasons have no quotation marks, backslashes and line breaks",
            );
            assert!(!WINDLASS_SUMMARY.is_empty() && WINDLASS_EXAMPLE.len() < 65_536 && WINDLASS_MANIFEST.len() < 65_536);

            // The host finds a plugin's wishes here without running any of its code.
            #[cfg(target_family = "wasm")]
            #[used]
            #[unsafe(link_section = "windlass.manifest")]
            static WINDLASS_SECTION: [u8; WINDLASS_MANIFEST.len()] = $crate::manifest::bytes(WINDLASS_MANIFEST);

            $crate::__export!($kind $plugin, WINDLASS_SUMMARY, WINDLASS_EXAMPLE);
        };
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __or_empty {
    () => {
        ""
    };
    ($text:expr) => {
        $text
    };
}

/// One JSON object per capability, with commas between.
#[doc(hidden)]
#[macro_export]
macro_rules! __capabilities {
    () => { "" };
    ($name:literal $(root $root:literal)? $(write $write:literal)? $(optional $optional:literal)? => $reason:literal $(,)?) => {
        concat!(
            "{\"name\":\"", $name, "\"",
            $(",\"root\":\"", $root, "\"",)?
            $(",\"write\":", $write,)?
            $(",\"optional\":", $optional,)?
            ",\"reason\":\"", $reason, "\"}"
        )
    };
    ($name:literal $(root $root:literal)? $(write $write:literal)? $(optional $optional:literal)? => $reason:literal, $($rest:tt)+) => {
        concat!(
            $crate::__capabilities!($name $(root $root)? $(write $write)? $(optional $optional)? => $reason), ",",
            $crate::__capabilities!($($rest)+)
        )
    };
}

/// Implements the generated traits for the kind.
#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    (check $plugin:ty, $summary:ident, $example:ident) => {
        $crate::__guest!(Check, $plugin, $summary, $example, {
            impl $crate::bindings::check::exports::windlass::plugin::check::Guest for WindlassGuest {
                fn run(context: &$crate::guest::Ctx) -> $crate::guest::GuestResult<$crate::guest::wit::Report> {
                    $crate::guest::check::<$plugin>(context)
                }
            }
            $crate::bindings::check::export_check!(WindlassGuest with_types_in $crate::bindings::check);
        });
    };
    (smoke $plugin:ty, $summary:ident, $example:ident) => {
        $crate::__guest!(Smoke, $plugin, $summary, $example, {
            impl $crate::bindings::smoke::exports::windlass::plugin::smoke::Guest for WindlassGuest {
                fn run(context: &$crate::guest::Ctx) -> $crate::guest::GuestResult<$crate::guest::wit::Report> {
                    $crate::guest::smoke::<$plugin>(context)
                }
            }
            $crate::bindings::smoke::export_smoke!(WindlassGuest with_types_in $crate::bindings::smoke);
        });
    };
    (strategy $plugin:ty, $summary:ident, $example:ident) => {
        $crate::__guest!(Strategy, $plugin, $summary, $example, {
            impl $crate::bindings::strategy::exports::windlass::plugin::strategy::Guest for WindlassGuest {
                fn observe(context: &$crate::guest::Ctx) -> $crate::guest::GuestResult<String> {
                    $crate::guest::observe::<$plugin>(context)
                }
                fn plan(context: &$crate::guest::Ctx) -> $crate::guest::GuestResult<String> {
                    $crate::guest::plan::<$plugin>(context)
                }
                fn apply(context: &$crate::guest::Ctx, step: String) -> $crate::guest::GuestResult<String> {
                    $crate::guest::apply::<$plugin>(context, &step)
                }
                fn undo(
                    context: &$crate::guest::Ctx,
                    step: String,
                    output: Option<String>,
                ) -> $crate::guest::GuestResult<()> {
                    $crate::guest::undo::<$plugin>(context, &step, output.as_deref())
                }
                fn verify(context: &$crate::guest::Ctx) -> $crate::guest::GuestResult<$crate::guest::wit::Report> {
                    $crate::guest::verify::<$plugin>(context)
                }
                fn missing(context: &$crate::guest::Ctx) -> $crate::guest::GuestResult<Vec<String>> {
                    $crate::guest::missing::<$plugin>(context)
                }
                fn prune(context: &$crate::guest::Ctx, kept: String) -> $crate::guest::GuestResult<Vec<String>> {
                    $crate::guest::prune::<$plugin>(context, &kept)
                }
            }
            $crate::bindings::strategy::export_strategy!(WindlassGuest with_types_in $crate::bindings::strategy);
        });
    };
    (recorder $plugin:ty, $summary:ident, $example:ident) => {
        $crate::__guest!(Recorder, $plugin, $summary, $example, {
            impl $crate::bindings::recorder::exports::windlass::plugin::recorder::Guest for WindlassGuest {
                fn deliver(
                    context: &$crate::guest::Ctx,
                    event: String,
                ) -> $crate::guest::GuestResult<Option<String>> {
                    $crate::guest::deliver::<$plugin>(context, &event)
                }
            }
            $crate::bindings::recorder::export_recorder!(WindlassGuest with_types_in $crate::bindings::recorder);
        });
    };
}

/// What every kind exports. On other targets only the trait bound is checked.
#[doc(hidden)]
#[macro_export]
macro_rules! __guest {
    ($trait:ident, $plugin:ty, $summary:ident, $example:ident, { $($exports:item)* }) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            struct WindlassGuest;

            impl $crate::bindings::plugin::exports::windlass::plugin::plugin::Guest for WindlassGuest {
                fn describe() -> String {
                    $crate::guest::describe::<<$plugin as $crate::$trait>::Config>($summary, $example)
                }
                fn validate_config(config: String) -> $crate::guest::GuestResult<()> {
                    $crate::guest::validate(&config, <$plugin as $crate::$trait>::validate)
                }
            }
            $crate::bindings::plugin::export_plugin!(WindlassGuest with_types_in $crate::bindings::plugin);
            $($exports)*
        };
        #[cfg(not(target_family = "wasm"))]
        const _: () = {
            const fn implements<P: $crate::$trait>() {}
            implements::<$plugin>();
        };
    };
}

//! What is stored of secrets. It leaves Lictor in no answer, no log and no audit row: the types cannot be serialized, so that
//! a record that has one says by `#[serde(skip)]` that it is not shown, or does not compile.

use std::fmt;

macro_rules! stored {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, PartialEq, Eq)]
            pub struct $name(String);

            impl $name {
                /// Wraps the text.
                pub fn new(text: impl Into<String>) -> Self {
                    Self(text.into())
                }

                /// The text, for a column.
                pub fn text(&self) -> &str {
                    &self.0
                }
            }

            impl fmt::Debug for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(concat!(stringify!($name), "(…)"))
                }
            }

            // Does not compile once the type can be serialized: then both traits have the function, and `_` may be either.
            const _: fn() = || {
                trait Either<Which> {
                    fn function() {}
                }
                impl<T> Either<()> for T {}
                impl<T: serde::Serialize> Either<bool> for T {}
                <$name as Either<_>>::function();
            };
        )*
    };
}

stored! {
    /// A secret as the master key has sealed it.
    Sealed;
    /// The hash of a key, in passlib's form, or of a password, in PHC form.
    Hash;
}

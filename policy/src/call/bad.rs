//! Why a document is not a call: which parameter is wrong, and the shape that it must have. Holds nothing of the call.

use crate::call::jsonrpc::MAX_ID;
use crate::road::MAX_NAME;

/// Why a document is not a call that Odoo's external API describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCall {
    /// A method that the service does not have; which ones it has.
    #[error("the method is none of this endpoint, which has {0}")]
    Method(&'static str),
    /// A parameter that must be there is not.
    #[error("{} is missing; it must be {}", .0.name(), .0.shape())]
    Missing(Parameter),
    /// A parameter of another shape.
    #[error("{} has another shape than it must have: {}", .0.name(), .0.shape())]
    Shape(Parameter),
    /// A parameter behind the last.
    #[error("it has more parameters than it must have; {} is the last", .0.name())]
    Extra(Parameter),
    /// A member that an object does not have.
    #[error("{} has a member that it must not have; it must be {}", .0.name(), .0.shape())]
    Member(Parameter),
    /// Several calls in one document.
    #[error("it is a batch; send one call")]
    Batch,
}

macro_rules! parameters {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $shape:expr;)*) => {
        /// A part of a call that has a name and a shape.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Parameter { $($(#[$doc])* $variant,)* }

        impl Parameter {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name, as Odoo's documentation has it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The shape that it must have, to follow "must be".
            pub fn shape(self) -> String {
                match self { $(Self::$variant => $shape.to_string(),)* }
            }
        }
    };
}

parameters! {
    /// The first parameter of most methods.
    Database = "database", format_args!("text of 1 to {MAX_NAME} bytes");
    /// The second parameter of `execute_kw`.
    Uid = "uid", "a whole number, or text of its digits alone";
    /// The second parameter of `authenticate`.
    Login = "login", "text";
    /// The third parameter.
    Password = "password", "text";
    /// The fourth parameter.
    Model = "model", format_args!("text of 1 to {MAX_NAME} bytes");
    /// The fifth parameter.
    Method = "method", format_args!("text of 1 to {MAX_NAME} bytes");
    /// The sixth parameter of `execute_kw`.
    Args = "args", "an array";
    /// The seventh parameter of `execute_kw`.
    Kwargs = "kwargs", "a struct; an empty array, an empty text, nil and no parameter at all stand for an empty one";
    /// The keyword argument that Odoo takes for itself.
    Context = "context", "a struct; an empty array, an empty text and nil stand for an empty one";
    /// The last parameter of `authenticate`.
    Environment = "user_agent_env", "a struct; an empty array, an empty text, nil and no parameter at all stand for an empty one";
    /// A body of JSON-RPC.
    Document = "the document", "one object with params, and if you like jsonrpc, method and id";
    /// Of JSON-RPC.
    JsonRpc = "jsonrpc", "\"2.0\"";
    /// Of JSON-RPC, beside `params`.
    Call = "method", "text";
    /// Of JSON-RPC.
    Id = "id", format_args!("a number, a text of at most {MAX_ID} bytes, or null");
    /// Of JSON-RPC.
    Params = "params", "an object with service, method and args";
    /// Of JSON-RPC.
    Service = "params.service", "text";
    /// Of JSON-RPC.
    ServiceMethod = "params.method", "text";
    /// Of JSON-RPC.
    ServiceArgs = "params.args", "an array";
    /// A body of JSON-2.
    Body = "the body", "an object of named arguments, without __model__ and __method__, which the path names";
}

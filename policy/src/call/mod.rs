//! Storey 7: one call, whatever road it came on: every field in the shape that the pipeline needs.

mod bad;
pub mod jsonrpc;
pub(crate) mod operators;

use std::borrow::Cow;
use std::fmt;

pub use bad::{BadCall, Parameter};

use crate::call::operators::lower_operators;
use crate::formats::value;
use crate::formats::value::{Members, Value};
use crate::formats::xmlrpc::MethodCall;
use crate::road::MAX_NAME;
use crate::wire::Upstream;

/// A call of a model's method, as it came, with the client's credential.
#[derive(Clone, PartialEq, Eq)]
pub struct Call<'a> {
    /// The database that the client named; JSON-2 may leave it out.
    pub database: Option<Cow<'a, str>>,
    /// The uid that the client named; JSON-2 has none.
    pub uid: Option<i64>,
    /// What the client sent in the place of the password.
    pub password: Cow<'a, str>,
    /// Odoo's name of the model.
    pub model: Cow<'a, str>,
    /// The method.
    pub method: Cow<'a, str>,
    /// Positional arguments; record ids come first where the method has them.
    pub args: Vec<Value<'a>>,
    /// Keyword arguments, with the context.
    pub kwargs: Members<'a>,
}

/// What is no call of a model's method, and what stands in it in the place of the password: a text, or nothing.
#[derive(PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct Malformed<'a> {
    /// What the client sent in the place of the password.
    pub password: Cow<'a, str>,
    /// What is wrong.
    pub problem: BadCall,
}

impl fmt::Debug for Malformed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Malformed({:?})", self.problem)
    }
}

/// A call of the `common` service.
#[derive(Clone, PartialEq, Eq)]
pub enum Common<'a> {
    /// `authenticate` or `login`: asks for the uid of a credential.
    Authenticate {
        /// The database that the client named.
        database: Cow<'a, str>,
        /// The login that the client named.
        login: Cow<'a, str>,
        /// What the client sent in the place of the password.
        password: Cow<'a, str>,
    },
    /// `version` or `about`: asks about the server, with no credential.
    Server,
}

impl<'a> Call<'a> {
    /// Reads `execute_kw` and `execute`.
    ///
    /// # Errors
    /// Everything that is not exactly the documented shape, also when Odoo would take it.
    pub fn read(mut call: MethodCall<'a>) -> Result<Self, Malformed<'a>> {
        // Before all else, as whose call it was is to be known whatever is wrong with it.
        let password = match call.params.get_mut(2) {
            Some(Value::String(text)) => std::mem::take(text),
            _ => Cow::Borrowed(""),
        };
        match Self::without_password(call) {
            Ok(call) => Ok(Self { password, ..call }),
            Err(problem) => Err(Malformed { password, problem }),
        }
    }

    /// Reads all but the password, in whose place is an empty text.
    fn without_password(call: MethodCall<'a>) -> Result<Self, BadCall> {
        let keywords = match call.method.as_ref() {
            "execute_kw" => true,
            "execute" => false,
            _ => return Err(BadCall::Method("execute_kw and execute")),
        };
        let mut params = call.params.into_iter();
        let database = name(Parameter::Database, params.next())?;
        let uid = uid(params.next())?;
        let password = text(Parameter::Password, params.next())?;
        let model = name(Parameter::Model, params.next())?;
        let method = name(Parameter::Method, params.next())?;
        let (args, kwargs) = if keywords {
            let Value::Array(args) = given(Parameter::Args, params.next())? else {
                return Err(BadCall::Shape(Parameter::Args));
            };
            let kwargs = match params.next() {
                None => Members::new(),
                Some(value) if is_left_out(&value) => Members::new(),
                Some(value) => keyword_arguments(Parameter::Kwargs, value)?,
            };
            if params.next().is_some() {
                return Err(BadCall::Extra(Parameter::Kwargs));
            }
            (args, kwargs)
        } else {
            (params.collect(), Members::new())
        };
        Ok(Self { database: Some(database), uid: Some(uid), password, model, method, args, kwargs })
    }

    /// The call that is forwarded: `execute_kw` with the user's upstream credential in the place of the client's.
    pub fn forwarded(mut self, upstream: &'a Upstream) -> MethodCall<'a> {
        lower_operators(&mut self);
        let params = vec![
            Value::String(Cow::Borrowed(&upstream.database)),
            Value::Int(upstream.uid),
            Value::String(Cow::Borrowed(upstream.secret.expose())),
            Value::String(self.model),
            Value::String(self.method),
            Value::Array(self.args),
            Value::Struct(self.kwargs),
        ];
        MethodCall { method: Cow::Borrowed("execute_kw"), params }
    }

    /// The context; empty where there is none.
    pub fn context(&self) -> &[(Cow<'a, str>, Value<'a>)] {
        match value::member(&self.kwargs, "context") {
            Some(Value::Struct(members)) => members,
            _ => &[],
        }
    }
}

impl<'a> Common<'a> {
    /// Reads a call of the `common` service.
    ///
    /// # Errors
    /// Everything that is not exactly the documented shape.
    pub fn read(call: MethodCall<'a>) -> Result<Self, BadCall> {
        let mut params = call.params.into_iter();
        let environment = match call.method.as_ref() {
            "version" | "about" => return Ok(Self::Server),
            "authenticate" => true,
            "login" => false,
            _ => return Err(BadCall::Method("authenticate, login, version and about")),
        };
        let database = name(Parameter::Database, params.next())?;
        let login = text(Parameter::Login, params.next())?;
        let password = text(Parameter::Password, params.next())?;
        let mut last = Parameter::Password;
        if environment {
            last = Parameter::Environment;
            match params.next() {
                None => {}
                Some(value) if is_left_out(&value) => {}
                Some(value) => drop(value.into_members().ok_or(BadCall::Shape(last))?),
            }
        }
        if params.next().is_some() {
            return Err(BadCall::Extra(last));
        }
        Ok(Self::Authenticate { database, login, password })
    }
}

/// The keyword arguments in a parameter, with the context as a struct.
pub(crate) fn keyword_arguments(parameter: Parameter, value: Value<'_>) -> Result<Members<'_>, BadCall> {
    let kwargs = value.into_members().ok_or(BadCall::Shape(parameter))?;
    kwargs
        .into_iter()
        .map(|(name, value)| {
            if name == "context" {
                let members = if is_left_out(&value) { Some(Members::new()) } else { value.into_members() };
                return Ok((name, Value::Struct(members.ok_or(BadCall::Shape(Parameter::Context))?)));
            }
            Ok((name, value))
        })
        .collect()
}

/// What clients send for an argument that their caller left out: `nil`, or from Node's `xmlrpc` an empty string.
fn is_left_out(value: &Value<'_>) -> bool {
    matches!(value, Value::Nil) || value.as_str() == Some("")
}

fn given(parameter: Parameter, value: Option<Value<'_>>) -> Result<Value<'_>, BadCall> {
    value.ok_or(BadCall::Missing(parameter))
}

fn text(parameter: Parameter, value: Option<Value<'_>>) -> Result<Cow<'_, str>, BadCall> {
    if let Value::String(text) = given(parameter, value)? { Ok(text) } else { Err(BadCall::Shape(parameter)) }
}

fn name(parameter: Parameter, value: Option<Value<'_>>) -> Result<Cow<'_, str>, BadCall> {
    let text = text(parameter, value)?;
    if text.is_empty() || text.len() > MAX_NAME { Err(BadCall::Shape(parameter)) } else { Ok(text) }
}

/// A uid, also as text of its digits, which PHP's forms and environment variables have. Python's `int()`, which Odoo
/// reads it with, would take more: signs, white space, `0_2`, other scripts' digits, and fractions of doubles.
fn uid(value: Option<Value<'_>>) -> Result<i64, BadCall> {
    let bad = BadCall::Shape(Parameter::Uid);
    match given(Parameter::Uid, value)? {
        Value::Int(uid) => Ok(uid),
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().map_err(|_| bad),
        _ => Err(bad),
    }
}

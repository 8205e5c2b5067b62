//! One call, whatever road it came on: every field in the shape that the pipeline needs.

use std::borrow::Cow;

use crate::snapshot::Key;
use crate::value::{Members, Value};
use crate::wire::Upstream;
use crate::xmlrpc::MethodCall;

/// The longest name of a database, model or method: Odoo's and PostgreSQL's own are far shorter.
pub(crate) const MAX_NAME: usize = 256;

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

/// Why a document is not a call that Odoo's external API describes. Holds nothing of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCall {
    /// Another XML-RPC method.
    #[error("it calls a method that the endpoint does not have")]
    Method,
    /// Too few or too many parameters.
    #[error("it has too few or too many parameters")]
    Arity,
    /// A parameter of another type.
    #[error("a parameter has another type than it must have")]
    Type,
    /// A name that is empty or too long.
    #[error("a name is empty or longer than {MAX_NAME} bytes")]
    Name,
    /// A member that the document does not have.
    #[error("it has a member that such a document does not have")]
    Member,
    /// Several calls in one document.
    #[error("it is a batch; send one call")]
    Batch,
}

impl<'a> Call<'a> {
    /// Reads `execute_kw` and `execute`.
    ///
    /// # Errors
    /// Everything that is not exactly the documented shape, also when Odoo would take it.
    pub fn read(call: MethodCall<'a>) -> Result<Self, BadCall> {
        let keywords = match call.method.as_ref() {
            "execute_kw" => true,
            "execute" => false,
            _ => return Err(BadCall::Method),
        };
        let mut params = call.params.into_iter();
        let database = name(params.next())?;
        let uid = match params.next() {
            Some(Value::Int(uid)) => uid,
            Some(_) => return Err(BadCall::Type),
            None => return Err(BadCall::Arity),
        };
        let password = text(params.next())?;
        let (model, method) = (name(params.next())?, name(params.next())?);
        let (args, kwargs) = if keywords {
            let args = match params.next() {
                Some(Value::Array(args)) => args,
                Some(_) => return Err(BadCall::Type),
                None => return Err(BadCall::Arity),
            };
            let kwargs = match params.next() {
                None | Some(Value::Nil) => Members::new(),
                Some(value) => keyword_arguments(value)?,
            };
            if params.next().is_some() {
                return Err(BadCall::Arity);
            }
            (args, kwargs)
        } else {
            (params.collect(), Members::new())
        };
        Ok(Self { database: Some(database), uid: Some(uid), password, model, method, args, kwargs })
    }

    /// The call that is forwarded: `execute_kw` with the user's upstream credential in the place of the client's.
    pub fn forwarded(self, upstream: &'a Upstream) -> MethodCall<'a> {
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

    /// Whether database and uid, where the client named them, are the key's.
    pub fn is_identity_of(&self, key: &Key) -> bool {
        let upstream = &key.user.upstream;
        self.database.as_ref().is_none_or(|name| *name == upstream.database)
            && self.uid.is_none_or(|uid| uid == upstream.uid)
    }

    /// The context; empty where there is none.
    pub fn context(&self) -> &[(Cow<'a, str>, Value<'a>)] {
        match crate::value::member(&self.kwargs, "context") {
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
            _ => return Err(BadCall::Method),
        };
        let (database, login, password) = (name(params.next())?, text(params.next())?, text(params.next())?);
        if environment {
            match params.next() {
                Some(Value::Nil) | None => {}
                Some(value) => drop(value.into_members().ok_or(BadCall::Type)?),
            }
        }
        if params.next().is_some() {
            return Err(BadCall::Arity);
        }
        Ok(Self::Authenticate { database, login, password })
    }
}

pub(crate) fn keyword_arguments(value: Value<'_>) -> Result<Members<'_>, BadCall> {
    let kwargs = value.into_members().ok_or(BadCall::Type)?;
    kwargs
        .into_iter()
        .map(|(name, value)| {
            if name == "context" {
                let members = if is_left_out(&value) { Some(Members::new()) } else { value.into_members() };
                return Ok((name, Value::Struct(members.ok_or(BadCall::Type)?)));
            }
            Ok((name, value))
        })
        .collect()
}

/// What clients send for an argument that their caller left out: `nil`, or from Node's `xmlrpc` an empty string.
fn is_left_out(value: &Value<'_>) -> bool {
    matches!(value, Value::Nil) || value.as_str() == Some("")
}

fn text(param: Option<Value<'_>>) -> Result<Cow<'_, str>, BadCall> {
    match param {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(BadCall::Type),
        None => Err(BadCall::Arity),
    }
}

fn name(param: Option<Value<'_>>) -> Result<Cow<'_, str>, BadCall> {
    let text = text(param)?;
    if text.is_empty() || text.len() > MAX_NAME { Err(BadCall::Name) } else { Ok(text) }
}

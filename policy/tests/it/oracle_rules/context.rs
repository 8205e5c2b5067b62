//! Section 6: the context.

use lictor_policy::call::Call;
use lictor_policy::formats::value::Value;
use lictor_policy::odoo::tables::{self, ContextKey};

use super::known::is_x2many;
use super::reading::has;
use super::{Making, Oracle, Why};

impl Oracle<'_> {
    /// "Open: …; left out of what is forwarded: …; everything else: `context_denied` by name, unless the permission has it under
    /// `context`."
    pub(crate) fn context(&mut self, call: &Call<'static>, creates: bool) {
        let model = call.model.as_ref();
        let listed = |oracle: &Self, key: &str| oracle.permission(model).is_some_and(|found| has(&found.context, key));
        if creates {
            let defaults = call
                .context()
                .iter()
                .filter_map(|(key, value)| Some((key.strip_prefix("default_")?.to_owned(), value.clone())));
            self.defaults = defaults.collect();
            let values = self.defaults.iter().map(|(field, value)| (field.clone().into(), value.clone())).collect();
            self.points_to(model, &values, if call.method == "copy" { Making::Copy } else { Making::Create });
        }
        for (key, value) in call.context() {
            if key == "uid" {
                continue;
            }
            match tables::context_key(key) {
                ContextKey::Open => {}
                ContextKey::LeftOut => drop(self.answer.left_out.insert(key.to_string())),
                ContextKey::Default(field) if creates => self.default(call, key, field, value),
                ContextKey::Default(_) => drop(self.answer.left_out.insert(key.to_string())),
                ContextKey::Read | ContextKey::Unknown if listed(self, key) => {}
                ContextKey::Read | ContextKey::Unknown => self.lacks(Why::Context, model, key.as_ref()),
            }
        }
    }

    /// "Left out: `uid` if it is the key's own; another one is `identity_mismatch`."
    pub(crate) fn identity(&mut self, call: &Call<'static>) {
        for (key, value) in call.context().iter().filter(|(key, _)| key == "uid") {
            if *value == Value::Int(self.who.uid) {
                self.answer.left_out.insert(key.to_string());
            } else {
                self.lacks(Why::Identity, &call.model, "uid");
            }
        }
    }

    /// "`default_<field>` where the call creates and the field is open to writing (inherited ones too)." "Objects in a `default_*` list
    /// are creates."
    fn default(&mut self, call: &Call<'static>, key: &str, field: &str, value: &Value<'static>) {
        let model = call.model.as_ref();
        let making = if call.method == "copy" { Making::Copy } else { Making::Create };
        let before = self.answer.lacks.len();
        let known = self.field(model, field);
        match known {
            Some(found) if is_x2many(found.kind) => {
                // The field by its rule, the commands by their own.
                self.value(model, field, &Value::Array(vec![]), making, &vec![], None);
                self.commands(model, found, value, true);
            }
            _ => self.value(model, field, value, making, &vec![], None),
        }
        if self.answer.lacks.len() > before {
            self.lacks(Why::Context, model, key);
        }
    }
}

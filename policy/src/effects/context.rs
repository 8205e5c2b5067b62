//! The context: what is open in every call, what is left out of what is forwarded, and what a permission must open.

use crate::effects::{BadArguments, Reader, is_absent, members};
use crate::formats::value::Value;
use crate::odoo::tables::{self, ContextKey};

impl<'c> Reader<'c> {
    /// The call's own context.
    pub(super) fn context(&mut self) -> Result<(), BadArguments> {
        for (key, value) in self.call.context() {
            match tables::context_key(key) {
                ContextKey::Open => {}
                ContextKey::LeftOut => self.effects.rewrite.left_out.push(key),
                ContextKey::Default(field) if self.creates() => self.default(field, value)?,
                ContextKey::Default(_) => self.effects.rewrite.left_out.push(key),
                // Whose it is, is looked at with the identity.
                _ if key == "uid" => self.effects.rewrite.left_out.push(key),
                ContextKey::Read | ContextKey::Unknown => self.effects.context.push(key),
            }
        }
        Ok(())
    }

    /// The context of a part of a specification, which is forwarded as it is.
    pub(super) fn inner_context(&mut self, value: &'c Value<'c>) -> Result<(), BadArguments> {
        if is_absent(value) {
            return Ok(());
        }
        let keys = members(value)?.iter().map(|(key, _)| key.as_ref());
        self.effects.context.extend(keys.filter(|key| tables::context_key(key) != ContextKey::Open));
        Ok(())
    }
}

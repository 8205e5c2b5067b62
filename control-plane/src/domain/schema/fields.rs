//! One field, of what two answers say of it.

use lictor_policy::wire::Field;

/// The field with all that either answer closes; none if they do not speak of the same field.
pub(super) fn stricter(one: Field, other: &Field) -> Option<Field> {
    let is_same = |a: &Field, b: &Field| {
        (a.kind, &a.relation, &a.relation_field, &a.related) == (b.kind, &b.relation, &b.relation_field, &b.related)
    };
    if !is_same(&one, other) {
        return None;
    }
    let mut depends = one.depends.clone();
    depends.extend(other.depends.iter().filter(|path| !one.depends.contains(path)).cloned());
    Some(Field {
        depends,
        unstored: one.unstored || other.unstored,
        readonly: one.readonly || other.readonly,
        restricted: one.restricted || other.restricted,
        unsanitized: one.unsanitized || other.unsanitized,
        ..one
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_either_answer_closes_is_closed() {
        let field = |depends: &[&str], readonly, restricted| Field {
            name: "a".to_owned(),
            depends: depends.iter().map(|path| (*path).to_owned()).collect(),
            readonly,
            restricted,
            ..Field::default()
        };
        let one = field(&["b", "c.d"], false, true);
        let other = field(&["c.d", "e"], true, false);
        assert_eq!(stricter(one.clone(), &other), Some(field(&["b", "c.d", "e"], true, true)));
        let elsewhere = Field { related: Some("f.a".to_owned()), ..one.clone() };
        assert_eq!(stricter(one, &elsewhere), None);
    }
}

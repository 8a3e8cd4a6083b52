//! Forms as a browser sends them.

/// The inputs of a form, under the names that the pages give them: `backup.credential` is `form[backup][credential]`.
pub fn form(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields.iter().map(|(field, value)| (input(field), (*value).to_owned())).collect()
}

/// The name of a field's input.
pub fn input(field: &str) -> String {
    field.split('.').fold("form".to_owned(), |name, part| format!("{name}[{part}]"))
}

//! The script that wasm-bindgen writes, as browsers need it.

/// Leaves out comments of their own lines, blank lines and indentation: a tenth of the script in brotli. One with a text of
/// several lines, in which they would count, stays as it is.
pub fn without_comments(script: &str) -> String {
    if script.lines().any(|line| line.matches('`').count() % 2 == 1) {
        return script.to_owned();
    }
    let lines = script.lines().map(str::trim).filter(|line| !line.is_empty() && !is_comment(line));
    lines.flat_map(|line| [line, "\n"]).collect()
}

fn is_comment(line: &str) -> bool {
    line.starts_with("//") || line.starts_with("/**") || line.starts_with("* ") || line == "*" || line == "*/"
}

#[cfg(test)]
mod tests {
    use super::without_comments;

    #[test]
    fn comments_and_indentation_go() {
        let script = "class A {\n    /**\n     * @returns {number}\n     */\n    get b() {\n\n        return `${1}`; // one\n    }\n}\n";
        assert_eq!(without_comments(script), "class A {\nget b() {\nreturn `${1}`; // one\n}\n}\n");
    }

    #[test]
    fn a_text_of_several_lines_stays() {
        let script = "const a = `\n    * b\n`;\n";
        assert_eq!(without_comments(script), script);
    }
}

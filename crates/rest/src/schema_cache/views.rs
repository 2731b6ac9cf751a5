//! Which table column each column of a view is: read out of the rule that PostgreSQL stores for the
//! view, a tree of nodes written as text.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use super::model::Qualified;
use super::relationships::{KeyUse, ViewKey};

/// A column by its number.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Numbered {
    number: i32,
    name: String,
}

/// A view and its rule.
#[derive(Debug, Deserialize)]
pub(super) struct View {
    id: u32,
    name: Qualified,
    rule: String,
    columns: Vec<Numbered>,
}

/// A primary or foreign key.
#[derive(Debug, Deserialize)]
pub(super) struct Key {
    pub name: String,
    pub foreign: bool,
    pub inherited: bool,
    pub one_to_one: bool,
    pub table: Qualified,
    table_id: u32,
    columns: Vec<Numbered>,
    pub target: Option<Qualified>,
    target_id: u32,
    target_columns: Vec<Numbered>,
}

impl Key {
    /// Its columns with those they refer to.
    pub(super) fn pairs(&self) -> Vec<(String, String)> {
        self.columns
            .iter()
            .zip(&self.target_columns)
            .map(|(own, other)| (own.name.clone(), other.name.clone()))
            .collect()
    }
}

/// One output column of a rule: its number, and the table column it is, if it is one.
#[derive(Debug, PartialEq, Eq)]
struct Output {
    number: i32,
    origin: (u32, i32),
}

/// The output columns of a rule's query.
fn outputs(rule: &str) -> Vec<Output> {
    let mut outputs = Vec::new();
    let mut tokens = Tokens(rule);
    let mut braces = 0;
    // Up to the target list of the outermost query node …
    loop {
        match tokens.next() {
            None => return outputs,
            Some("{") => braces += 1,
            Some("}") => braces -= 1,
            Some(":targetList") if braces == 1 => break,
            Some(_) => {}
        }
    }
    if tokens.next() != Some("(") {
        return outputs;
    }
    // … then its entries, each a node whose own fields stand at depth one.
    let mut depth = 0;
    let mut number = 0;
    let mut origin = (0, 0);
    while let Some(token) = tokens.next() {
        match token {
            "{" => {
                depth += 1;
                if depth == 1 {
                    (number, origin) = (0, (0, 0));
                }
            }
            "}" => {
                depth -= 1;
                if depth == 0 && origin.0 != 0 {
                    outputs.push(Output { number, origin });
                }
            }
            ")" if depth == 0 => break,
            ":resno" if depth == 1 => number = tokens.number(),
            ":resorigtbl" if depth == 1 => origin.0 = tokens.number(),
            ":resorigcol" if depth == 1 => origin.1 = tokens.number(),
            _ => {}
        }
    }
    outputs
}

/// Tokens of a node tree: brackets, and words between blanks in which a backslash protects the
/// next character.
struct Tokens<'a>(&'a str);

impl<'a> Tokens<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let text = self.0.trim_start();
        let first = text.as_bytes().first()?;
        let length = if b"(){}".contains(first) {
            1
        } else {
            let bytes = text.as_bytes();
            let mut end = 0;
            while end < bytes.len() && !b" \n\t(){}".contains(&bytes[end]) {
                end += if bytes[end] == b'\\' { 2 } else { 1 };
            }
            let mut end = end.min(bytes.len());
            while !text.is_char_boundary(end) {
                end += 1;
            }
            end
        };
        let (token, rest) = text.split_at(length);
        self.0 = rest;
        Some(token)
    }

    fn number<T: std::str::FromStr + Default>(&mut self) -> T {
        self.next()
            .and_then(|token| token.parse().ok())
            .unwrap_or_default()
    }
}

/// The keys that `views` show in full, for those of the `exposed` schemas.
pub(super) fn view_keys(views: &[View], keys: &[Key], exposed: &[String]) -> Vec<ViewKey> {
    let direct: HashMap<u32, Vec<Output>> = views
        .iter()
        .map(|view| (view.id, outputs(&view.rule)))
        .collect();
    let mut found = Vec::new();
    for view in views
        .iter()
        .filter(|view| exposed.contains(&view.name.schema))
    {
        // Table column → the view's columns that show it, also through other views.
        let mut shown: HashMap<(u32, i32), Vec<i32>> = HashMap::new();
        for output in direct.get(&view.id).into_iter().flatten() {
            let mut origin = output.origin;
            let mut seen = HashSet::new();
            loop {
                shown.entry(origin).or_default().push(output.number);
                let deeper = direct
                    .get(&origin.0)
                    .and_then(|outputs| outputs.iter().find(|o| o.number == origin.1));
                match deeper {
                    Some(next) if seen.insert(origin) => origin = next.origin,
                    _ => break,
                }
            }
        }
        let names: HashMap<i32, &str> = view
            .columns
            .iter()
            .map(|column| (column.number, column.name.as_str()))
            .collect();
        let resolve = |table: u32, columns: &[Numbered]| -> Option<Vec<(String, Vec<String>)>> {
            columns
                .iter()
                .map(|column| {
                    let numbers = shown.get(&(table, column.number))?;
                    let shown = numbers.iter().filter_map(|n| names.get(n));
                    let shown: Vec<String> = shown.map(|name| (*name).to_owned()).collect();
                    Some((column.name.clone(), shown))
                })
                .collect()
        };
        for key in keys {
            let mut add = |table: &Qualified, id, columns: &[Numbered], key_use| {
                if let Some(columns) = resolve(id, columns) {
                    found.push(ViewKey {
                        table: table.clone(),
                        view: view.name.clone(),
                        constraint: key.name.clone(),
                        key_use,
                        columns,
                    });
                }
            };
            if key.foreign {
                add(&key.table, key.table_id, &key.columns, KeyUse::Foreign);
                if let Some(target) = &key.target {
                    add(
                        target,
                        key.target_id,
                        &key.target_columns,
                        KeyUse::Referenced,
                    );
                }
            } else {
                add(&key.table, key.table_id, &key.columns, KeyUse::Primary);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_those_of_the_outermost_query() {
        let rule = "({QUERY :commandType 1 :rtable ({RTE :subquery {QUERY :targetList \
            ({TARGETENTRY :expr {VAR :varno 1} :resno 1 :resname a\\ \\{b :resorigtbl 9 :resorigcol 9})}}) \
            :targetList ({TARGETENTRY :expr {VAR :resno 7} :resno 1 :resname id :resorigtbl 16400 \
            :resorigcol 2 :resjunk false} {TARGETENTRY :expr {CONST} :resno 2 :resorigtbl 0 \
            :resorigcol 0}) :override 0})";
        assert_eq!(
            outputs(rule),
            [Output {
                number: 1,
                origin: (16400, 2)
            }]
        );
    }
}

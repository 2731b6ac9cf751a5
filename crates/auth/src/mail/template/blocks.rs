//! Actions put together to blocks: `if`, `with` and `range` with what stands inside of them.

use super::expression::{Expression, expression};
use super::pieces::{Piece, pieces};
use super::{MAX_DEPTH, Node, TemplateError, syntax};

/// What is left to read, and how deep.
pub(super) struct Blocks {
    pieces: std::vec::IntoIter<Piece>,
    depth: usize,
}

struct End {
    line: usize,
    word: EndWord,
}

enum EndWord {
    End,
    Else,
    ElseIf(Expression),
}

impl EndWord {
    fn name(&self) -> &'static str {
        match self {
            Self::End => "end",
            Self::Else | Self::ElseIf(_) => "else",
        }
    }
}

impl Blocks {
    /// The whole template.
    pub(super) fn all(source: &str) -> Result<Vec<Node>, TemplateError> {
        let mut blocks = Self {
            pieces: pieces(source)?.into_iter(),
            depth: 0,
        };
        match blocks.until_end()? {
            (nodes, None) => Ok(nodes),
            (_, Some(End { line, word })) => {
                Err(syntax(line, format!("unexpected {{{{{}}}}}", word.name())))
            }
        }
    }

    /// What stands before the next `end` or `else` of this block, or the end of the template.
    fn until_end(&mut self) -> Result<(Vec<Node>, Option<End>), TemplateError> {
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.next() {
            let (line, source) = match piece {
                Piece::Text(text) => {
                    nodes.push(Node::Text(text));
                    continue;
                }
                Piece::Action { line, source } => (line, source),
            };
            let (word, rest) = source
                .split_once(char::is_whitespace)
                .unwrap_or((&source, ""));
            match word {
                "end" => {
                    return Ok((
                        nodes,
                        Some(End {
                            line,
                            word: EndWord::End,
                        }),
                    ));
                }
                "else" if rest.trim().is_empty() => {
                    return Ok((
                        nodes,
                        Some(End {
                            line,
                            word: EndWord::Else,
                        }),
                    ));
                }
                "else" => {
                    let condition = rest.trim().strip_prefix("if ");
                    let condition = condition
                        .ok_or_else(|| syntax(line, "only \"else if\" may follow else"))?;
                    let word = EndWord::ElseIf(expression(condition, line)?);
                    return Ok((nodes, Some(End { line, word })));
                }
                "if" => {
                    let condition = expression(rest, line)?;
                    nodes.push(self.condition(condition, line)?);
                }
                "with" => {
                    let value = expression(rest, line)?;
                    let (inside, otherwise) = self.body(line)?;
                    nodes.push(Node::With(value, inside, otherwise));
                }
                "range" => {
                    let value = expression(rest, line)?;
                    let (inside, otherwise) = self.body(line)?;
                    nodes.push(Node::Range(value, inside, otherwise));
                }
                "define" | "template" | "block" | "break" | "continue" => {
                    return Err(syntax(line, format!("{word:?} is not supported")));
                }
                _ => nodes.push(Node::Print(expression(&source, line)?)),
            }
        }
        Ok((nodes, None))
    }

    fn deeper(&mut self, line: usize) -> Result<(), TemplateError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(syntax(line, "blocks nest too deep"));
        }
        Ok(())
    }

    fn condition(&mut self, first: Expression, line: usize) -> Result<Node, TemplateError> {
        self.deeper(line)?;
        let mut branches = Vec::new();
        let mut condition = Some(first);
        loop {
            let (nodes, end) = self.until_end()?;
            let was_else = condition.is_none();
            branches.push((condition.take(), nodes));
            match end.map(|end| (end.line, end.word)) {
                None => return Err(syntax(line, "\"if\" without \"end\"")),
                Some((_, EndWord::End)) => break,
                Some((line, _)) if was_else => {
                    return Err(syntax(line, "nothing but \"end\" may follow \"else\""));
                }
                Some((_, EndWord::Else)) => condition = None,
                Some((_, EndWord::ElseIf(next))) => condition = Some(next),
            }
        }
        self.depth -= 1;
        Ok(Node::If(branches))
    }

    fn body(&mut self, line: usize) -> Result<(Vec<Node>, Vec<Node>), TemplateError> {
        self.deeper(line)?;
        let (inside, end) = self.until_end()?;
        let otherwise = match end.map(|end| end.word) {
            Some(EndWord::End) => Vec::new(),
            Some(EndWord::Else) => match self.until_end()? {
                (
                    nodes,
                    Some(End {
                        word: EndWord::End, ..
                    }),
                ) => nodes,
                _ => return Err(syntax(line, "\"else\" without \"end\"")),
            },
            _ => return Err(syntax(line, "a block without \"end\"")),
        };
        self.depth -= 1;
        Ok((inside, otherwise))
    }
}

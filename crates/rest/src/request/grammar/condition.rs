//! Conditions: `not.eq.5`, and trees of them.

use super::{close, comma, dot, field, identifier, lexeme, open, quoted};
use crate::request::parser::{Failed, Parsed, Parser};
use crate::request::types::{
    Filter, IsValue, Logic, LogicOperator, Operation, QuantifiedOperator, Quantifier,
    SimpleOperator, TextSearch,
};

/// Everything that is left.
fn rest(p: &mut Parser<'_>) -> Parsed<String> {
    Ok(p.take_while(|_| true).to_owned())
}

/// A whole condition of a filter parameter: `not.eq.5`.
pub(in crate::request) fn condition(p: &mut Parser<'_>) -> Parsed<(bool, Operation)> {
    operation(p, rest)
}

fn operation(
    p: &mut Parser<'_>,
    value: fn(&mut Parser<'_>) -> Parsed<String>,
) -> Parsed<(bool, Operation)> {
    let negated = p
        .optional(|p| {
            p.attempt(|p| {
                p.string("not", "\"not\"")?;
                dot(p)
            })
        })?
        .is_some();
    let one_of = |p: &mut Parser<'_>| {
        p.choice(&[
            &|p| {
                operator_dot(p, "in", "\"in\"")?;
                list(p).map(Operation::In)
            },
            &|p| {
                operator_dot(p, "is", "\"is\"")?;
                is_value(p).map(Operation::Is)
            },
            &|p| {
                operator_dot(p, "isdistinct", "\"isdistinct\"")?;
                value(p).map(Operation::IsDistinctFrom)
            },
            &|p| p.attempt(|p| text_search(p, value)),
            &|p| p.attempt(|p| simple_operation(p, value)),
            &|p| p.attempt(|p| quantified_operation(p, value)),
        ])
    };
    Ok((negated, p.labelled("operator (eq, gt, ...)", one_of)?))
}

fn operator_dot(p: &mut Parser<'_>, name: &str, label: &'static str) -> Parsed<char> {
    p.attempt(|p| {
        p.string(name, label)?;
        dot(p)
    })
}

fn text_search(
    p: &mut Parser<'_>,
    value: fn(&mut Parser<'_>) -> Parsed<String>,
) -> Parsed<Operation> {
    let function = p.word(&[
        ("fts", "\"fts\"", TextSearch::Plain),
        ("plfts", "\"plfts\"", TextSearch::Words),
        ("phfts", "\"phfts\"", TextSearch::Phrase),
        ("wfts", "\"wfts\"", TextSearch::Web),
    ])?;
    let language = p.optional(|p| {
        p.attempt(|p| {
            open(p)?;
            let language = identifier(p)?;
            close(p)?;
            Ok(language)
        })
    })?;
    dot(p)?;
    Ok(Operation::Search(function, language, value(p)?))
}

fn simple_operation(
    p: &mut Parser<'_>,
    value: fn(&mut Parser<'_>) -> Parsed<String>,
) -> Parsed<Operation> {
    let operator = p.labelled("unknown single value operator", |p| {
        p.word(&[
            ("neq", "\"neq\"", SimpleOperator::NotEqual),
            ("cs", "\"cs\"", SimpleOperator::Contains),
            ("cd", "\"cd\"", SimpleOperator::Contained),
            ("ov", "\"ov\"", SimpleOperator::Overlaps),
            ("sl", "\"sl\"", SimpleOperator::StrictlyLeft),
            ("sr", "\"sr\"", SimpleOperator::StrictlyRight),
            ("nxr", "\"nxr\"", SimpleOperator::NotExtendsRight),
            ("nxl", "\"nxl\"", SimpleOperator::NotExtendsLeft),
            ("adj", "\"adj\"", SimpleOperator::Adjacent),
        ])
    })?;
    dot(p)?;
    Ok(Operation::Simple(operator, value(p)?))
}

fn quantified_operation(
    p: &mut Parser<'_>,
    value: fn(&mut Parser<'_>) -> Parsed<String>,
) -> Parsed<Operation> {
    let operator = p.labelled("unknown single value operator", |p| {
        p.word(&[
            ("eq", "\"eq\"", QuantifiedOperator::Equal),
            ("gte", "\"gte\"", QuantifiedOperator::GreaterOrEqual),
            ("gt", "\"gt\"", QuantifiedOperator::Greater),
            ("lte", "\"lte\"", QuantifiedOperator::LessOrEqual),
            ("lt", "\"lt\"", QuantifiedOperator::Less),
            ("like", "\"like\"", QuantifiedOperator::Like),
            ("ilike", "\"ilike\"", QuantifiedOperator::ILike),
            ("match", "\"match\"", QuantifiedOperator::Match),
            ("imatch", "\"imatch\"", QuantifiedOperator::IMatch),
        ])
    })?;
    let quantifier = p.optional(|p| {
        p.attempt(|p| {
            open(p)?;
            let quantifier = p.either(
                |p| {
                    p.attempt(|p| p.string("any", "\"any\""))
                        .map(|()| Quantifier::Any)
                },
                |p| p.string("all", "\"all\"").map(|()| Quantifier::All),
            )?;
            close(p)?;
            Ok(quantifier)
        })
    })?;
    dot(p)?;
    Ok(Operation::Quantified(operator, quantifier, value(p)?))
}

fn is_value(p: &mut Parser<'_>) -> Parsed<IsValue> {
    /// A letter in lower or upper case, as Parsec reports it: both forms were expected.
    fn any_case(
        p: &mut Parser<'_>,
        word: &'static [(char, &'static str, &'static str)],
    ) -> Parsed<()> {
        for (letter, lower, upper) in word {
            p.either(
                |p| p.char(*letter, lower),
                |p| p.char(letter.to_ascii_uppercase(), upper),
            )?;
        }
        Ok(())
    }
    macro_rules! letters {
        ($($c:literal)*) => { &[$(($c, concat!('"', $c, '"'), upper_label($c))),*] };
    }
    const fn upper_label(c: char) -> &'static str {
        match c {
            'n' => "\"N\"",
            'u' => "\"U\"",
            'l' => "\"L\"",
            'o' => "\"O\"",
            't' => "\"T\"",
            'r' => "\"R\"",
            'e' => "\"E\"",
            'f' => "\"F\"",
            'a' => "\"A\"",
            's' => "\"S\"",
            'k' => "\"K\"",
            'w' => "\"W\"",
            _ => "\"_\"",
        }
    }
    type Word = &'static [(char, &'static str, &'static str)];
    const WORDS: [(Word, IsValue); 5] = [
        (letters!('n' 'u' 'l' 'l'), IsValue::Null),
        (letters!('n' 'o' 't' '_' 'n' 'u' 'l' 'l'), IsValue::NotNull),
        (letters!('t' 'r' 'u' 'e'), IsValue::True),
        (letters!('f' 'a' 'l' 's' 'e'), IsValue::False),
        (letters!('u' 'n' 'k' 'n' 'o' 'w' 'n'), IsValue::Unknown),
    ];
    p.labelled("isVal: (null, not_null, true, false, unknown)", |p| {
        for (word, value) in WORDS {
            if p.attempt(|p| any_case(p, word)).is_ok() {
                return Ok(value);
            }
        }
        Err(Failed)
    })
}

fn list(p: &mut Parser<'_>) -> Parsed<Vec<String>> {
    lexeme(p, open)?;
    let values = p.separated(list_element, |p| p.char(',', "\",\""))?;
    lexeme(p, close)?;
    Ok(values)
}

fn quoted_before_mark(p: &mut Parser<'_>) -> Parsed<String> {
    p.attempt(|p| {
        let value = quoted(p)?;
        p.not_followed_by("", |c| c != ',' && c != ')')?;
        Ok(value)
    })
}

fn until_mark(p: &mut Parser<'_>) -> Parsed<String> {
    Ok(p.take_while(|c| c != ',' && c != ')').to_owned())
}

fn list_element(p: &mut Parser<'_>) -> Parsed<String> {
    p.either(quoted_before_mark, until_mark)
}

fn logic_value(p: &mut Parser<'_>) -> Parsed<String> {
    let array = |p: &mut Parser<'_>| {
        p.attempt(|p| {
            let start = p.position();
            p.string("{", "\"{\"")?;
            p.take_while(|c| c != '{' && c != '}');
            p.string("}", "\"}\"")?;
            Ok(p.since(start).to_owned())
        })
    };
    p.choice(&[&quoted_before_mark, &array, &until_mark])
}

/// `or(a.eq.1,not.and(b.eq.2,c.eq.3))`
pub(in crate::request) fn logic_tree(p: &mut Parser<'_>) -> Parsed<Logic<Filter>> {
    if let Ok(filter) = p.attempt(logic_filter) {
        return Ok(Logic::Condition(filter));
    }
    p.nested(|p| {
        let negated = p
            .labelled("negation operator (not)", |p| {
                p.optional(|p| {
                    p.attempt(|p| {
                        p.string("not", "\"not\"")?;
                        dot(p)
                    })
                })
            })?
            .is_some();
        let operator = p.labelled("logic operator (and, or)", |p| {
            p.either(
                |p| {
                    p.attempt(|p| p.string("and", "\"and\""))
                        .map(|()| LogicOperator::And)
                },
                |p| p.string("or", "\"or\"").map(|()| LogicOperator::Or),
            )
        })?;
        lexeme(p, open)?;
        let members = p.separated(logic_tree, comma)?;
        lexeme(p, close)?;
        Ok(Logic::Group {
            negated,
            operator,
            members,
        })
    })
}

fn logic_filter(p: &mut Parser<'_>) -> Parsed<Filter> {
    let field = field(p)?;
    dot(p)?;
    let (negated, operation) = operation(p, logic_value)?;
    Ok(Filter {
        field,
        negated,
        operation,
    })
}

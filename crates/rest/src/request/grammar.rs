//! The grammar of `select`, filters, `order`, `and`/`or` and `columns` (PostgREST's, down to the
//! texts of its errors). Nothing here is turned into SQL: names are quoted and values bound later;
//! only casts travel as text, which is why [`identifier`] takes letters, digits, `_`, `$` and
//! spaces alone.

use super::parser::{Failed, Parsed, Parser};
use super::types::{
    Aggregate, EmbedPath, Field, Filter, IsValue, JoinType, JsonOperand, JsonStep, Logic,
    LogicOperator, Operation, OrderTarget, OrderTerm, QuantifiedOperator, Quantifier, SelectItem,
    SelectedField, SelectedRelation, SimpleOperator, TextSearch,
};

fn blanks(p: &mut Parser<'_>) {
    p.take_while(|c| c == ' ' || c == '\t');
}

fn lexeme<T>(p: &mut Parser<'_>, parse: impl FnOnce(&mut Parser<'_>) -> Parsed<T>) -> Parsed<T> {
    blanks(p);
    let value = parse(p)?;
    blanks(p);
    Ok(value)
}

fn comma(p: &mut Parser<'_>) -> Parsed<char> {
    lexeme(p, |p| p.char(',', "\",\""))
}

fn open(p: &mut Parser<'_>) -> Parsed<char> {
    p.char('(', "\"(\"")
}

fn close(p: &mut Parser<'_>) -> Parsed<char> {
    p.char(')', "\")\"")
}

fn dot(p: &mut Parser<'_>) -> Parsed<char> {
    p.labelled("delimiter (.)", |p| p.char('.', "\".\""))
}

/// Letters, digits, `_`, `$` and inner spaces.
fn identifier(p: &mut Parser<'_>) -> Parsed<String> {
    fn one(p: &mut Parser<'_>) -> Parsed<char> {
        p.choice(&[
            &|p| p.satisfy("letter", char::is_alphabetic),
            &|p| p.satisfy("digit", |c| c.is_ascii_digit()),
            &|p| p.satisfy("", |c| matches!(c, '_' | ' ' | '$')),
        ])
    }
    let start = p.position();
    one(p)?;
    while p.optional(one)?.is_some() {}
    Ok(p.since(start).trim().to_owned())
}

/// `"…"`, with backslashes before quotes and backslashes.
fn quoted(p: &mut Parser<'_>) -> Parsed<String> {
    p.char('"', "\"\\\"\"")?;
    let mut value = String::new();
    loop {
        value.push_str(p.take_while(|c| c != '\\' && c != '"'));
        if p.optional(|p| p.char('\\', "\"\\\\\""))?.is_none() {
            break;
        }
        value.push(p.satisfy("", |_| true)?);
    }
    p.char('"', "\"\\\"\"")?;
    Ok(value)
}

/// Parts joined by dashes that do not begin an arrow.
fn dashed(p: &mut Parser<'_>, part: impl Fn(&mut Parser<'_>) -> Parsed<String>) -> Parsed<String> {
    let mut name = part(p)?;
    let dash = |p: &mut Parser<'_>| {
        p.attempt(|p| {
            p.char('-', "\"-\"")?;
            p.not_followed_by("\">\"", |c| c == '>')
        })
    };
    while p.optional(dash)?.is_some() {
        name.push('-');
        name.push_str(&part(p)?);
    }
    Ok(name)
}

fn field_name(p: &mut Parser<'_>) -> Parsed<String> {
    p.labelled("field name (* or [a..z0..9_$])", |p| {
        p.either(quoted, |p| dashed(p, identifier))
    })
}

fn json_key(p: &mut Parser<'_>) -> Parsed<String> {
    let bare = |p: &mut Parser<'_>| {
        let start = p.position();
        let allowed = |c| !matches!(c, '(' | '-' | ':' | '.' | ',' | '>' | ')');
        p.satisfy("", allowed)?;
        p.take_while(allowed);
        Ok(p.since(start).trim().to_owned())
    };
    p.labelled("any non reserved character different from: .,>()", |p| {
        p.either(quoted, |p| dashed(p, bare))
    })
}

fn json_index(p: &mut Parser<'_>) -> Parsed<String> {
    let negative = p.optional(|p| p.char('-', "\"-\""))?.is_some();
    let start = p.position();
    let digit = |p: &mut Parser<'_>| p.satisfy("digit", |c| c.is_ascii_digit());
    digit(p)?;
    while p.optional(digit)?.is_some() {}
    let digits = p.since(start);
    p.ends_before(&[
        ("->", "\"->\""),
        ("::", "\"::\""),
        (".", "\".\""),
        (",", "\",\""),
    ])?;
    Ok(format!("{}{digits}", if negative { '-' } else { '+' }))
}

fn json_path(p: &mut Parser<'_>) -> Parsed<Vec<JsonStep>> {
    p.many(|p| {
        let as_text = p.word(&[("->>", "\"->>\"", true), ("->", "\"->\"", false)])?;
        let operand = p.either(
            |p| p.attempt(json_index).map(JsonOperand::Index),
            |p| p.attempt(json_key).map(JsonOperand::Key),
        )?;
        Ok(JsonStep { as_text, operand })
    })
}

fn field(p: &mut Parser<'_>) -> Parsed<Field> {
    lexeme(p, |p| {
        Ok(Field {
            name: field_name(p)?,
            path: json_path(p)?,
        })
    })
}

fn alias(p: &mut Parser<'_>) -> Parsed<Option<String>> {
    p.optional(|p| {
        p.attempt(|p| {
            let name = field_name(p)?;
            p.char(':', "\":\"")?;
            p.not_followed_by("\":\"", |c| c == ':')?;
            Ok(name)
        })
    })
}

fn cast(p: &mut Parser<'_>) -> Parsed<Option<String>> {
    p.optional(|p| {
        p.string("::", "\"::\"")?;
        identifier(p)
    })
}

/// `select`. Text behind a complete list is ignored, as clients rely on.
pub(crate) fn select(p: &mut Parser<'_>) -> Parsed<Vec<SelectItem>> {
    p.nested(|p| {
        Ok(p.optional(|p| p.separated(select_item, comma))?
            .unwrap_or_default())
    })
}

fn select_item(p: &mut Parser<'_>) -> Parsed<SelectItem> {
    let with_items = |p: &mut Parser<'_>, mut relation: SelectedRelation| {
        open(p)?;
        relation.items = select(p)?;
        close(p)?;
        Ok(SelectItem::Relation(relation))
    };
    let start = p.position();
    match p.attempt(spread_relation) {
        Ok(relation) => return with_items(p, relation),
        Err(Failed) if p.position() != start => return Err(Failed),
        Err(Failed) => {}
    }
    match p.attempt(relation) {
        Ok(relation) => with_items(p, relation),
        Err(Failed) => select_field(p).map(SelectItem::Field),
    }
}

fn relation(p: &mut Parser<'_>) -> Parsed<SelectedRelation> {
    lexeme(p, |p| {
        let alias = alias(p)?;
        let name = field_name(p)?;
        // `count()` is the aggregate, whatever tables there are.
        if name == "count" {
            return Err(Failed);
        }
        let (hint, join) = embed_parameters(p)?;
        p.attempt(|p| p.look_ahead(|p| p.string("(", "\"(\"")))?;
        Ok(SelectedRelation {
            name,
            alias,
            hint,
            join,
            spread: false,
            items: Vec::new(),
        })
    })
}

fn spread_relation(p: &mut Parser<'_>) -> Parsed<SelectedRelation> {
    lexeme(p, |p| {
        p.string("...", "\"...\"")?;
        let name = field_name(p)?;
        let (hint, join) = embed_parameters(p)?;
        p.attempt(|p| p.look_ahead(|p| p.string("(", "\"(\"")))?;
        Ok(SelectedRelation {
            name,
            alias: None,
            hint,
            join,
            spread: true,
            items: Vec::new(),
        })
    })
}

enum EmbedParameter {
    Hint(String),
    Join(JoinType),
}

fn embed_parameters(p: &mut Parser<'_>) -> Parsed<(Option<String>, Option<JoinType>)> {
    let parameter = |p: &mut Parser<'_>| {
        p.char('!', "\"!\"")?;
        p.either(
            |p| {
                p.word(&[
                    ("left", "\"left\"", JoinType::Left),
                    ("inner", "\"inner\"", JoinType::Inner),
                ])
                .map(EmbedParameter::Join)
            },
            |p| p.attempt(field_name).map(EmbedParameter::Hint),
        )
    };
    let (mut hint, mut join) = (None, None);
    for _ in 0..2 {
        match p.optional(parameter)? {
            Some(EmbedParameter::Hint(name)) => hint = hint.or(Some(name)),
            Some(EmbedParameter::Join(kind)) => join = join.or(Some(kind)),
            None => {}
        }
    }
    Ok((hint, join))
}

fn select_end(p: &mut Parser<'_>) -> Parsed<()> {
    p.ends_before(&[(")", "\")\""), (",", "\",\"")])
}

fn select_field(p: &mut Parser<'_>) -> Parsed<SelectedField> {
    let star = |p: &mut Parser<'_>| {
        p.attempt(|p| {
            p.string("*", "\"*\"")?;
            select_end(p)?;
            Ok(SelectedField {
                field: Field {
                    name: "*".to_owned(),
                    path: Vec::new(),
                },
                aggregate: None,
                aggregate_cast: None,
                cast: None,
                alias: None,
            })
        })
    };
    let count = |p: &mut Parser<'_>| {
        p.attempt(|p| {
            let alias = alias(p)?;
            p.string("count()", "\"count()\"")?;
            let aggregate_cast = cast(p)?;
            select_end(p)?;
            Ok(SelectedField {
                field: Field {
                    name: "*".to_owned(),
                    path: Vec::new(),
                },
                aggregate: Some(Aggregate::Count),
                aggregate_cast,
                cast: None,
                alias,
            })
        })
    };
    let column = |p: &mut Parser<'_>| {
        let alias = alias(p)?;
        let field = field(p)?;
        let cast_to = cast(p)?;
        let aggregate = p.optional(|p| {
            p.attempt(|p| {
                p.char('.', "\".\"")?;
                let aggregate = aggregate(p)?;
                p.string("()", "\"()\"")?;
                Ok(aggregate)
            })
        })?;
        let aggregate_cast = cast(p)?;
        select_end(p)?;
        Ok(SelectedField {
            field,
            aggregate,
            aggregate_cast,
            cast: cast_to,
            alias,
        })
    };
    lexeme(p, |p| p.choice(&[&star, &count, &column]))
}

fn aggregate(p: &mut Parser<'_>) -> Parsed<Aggregate> {
    p.choice(&[
        &|p| p.string("sum", "\"sum\"").map(|()| Aggregate::Sum),
        &|p| p.string("avg", "\"avg\"").map(|()| Aggregate::Avg),
        &|p| p.string("count", "\"count\"").map(|()| Aggregate::Count),
        &|p| {
            p.attempt(|p| p.string("max", "\"max\""))
                .map(|()| Aggregate::Max)
        },
        &|p| {
            p.attempt(|p| p.string("min", "\"min\""))
                .map(|()| Aggregate::Min)
        },
    ])
}

/// `embedded.resource.column->path`, the name of a filter parameter.
pub(crate) fn tree_path(p: &mut Parser<'_>) -> Parsed<(EmbedPath, Field)> {
    let mut names = p.separated(field_name, dot)?;
    let path = json_path(p)?;
    let name = names.pop().unwrap_or_default();
    Ok((names, Field { name, path }))
}

/// `embedded.not.or`, the name of a logic parameter: where, and the operator as it is written.
pub(crate) fn logic_path(p: &mut Parser<'_>) -> Parsed<(EmbedPath, String)> {
    let mut names = p.separated(field_name, dot)?;
    let negated = names.iter().any(|name| name == "not");
    let operator = names.pop().unwrap_or_default();
    names.retain(|name| name != "not");
    Ok((
        names,
        if negated {
            format!("not.{operator}")
        } else {
            operator
        },
    ))
}

/// Everything that is left.
fn rest(p: &mut Parser<'_>) -> Parsed<String> {
    Ok(p.take_while(|_| true).to_owned())
}

/// A whole condition of a filter parameter: `not.eq.5`.
pub(crate) fn condition(p: &mut Parser<'_>) -> Parsed<(bool, Operation)> {
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
pub(crate) fn logic_tree(p: &mut Parser<'_>) -> Parsed<Logic<Filter>> {
    let start = p.position();
    match p.attempt(logic_filter) {
        Ok(filter) => return Ok(Logic::Condition(filter)),
        Err(Failed) if p.position() != start => return Err(Failed),
        Err(Failed) => {}
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

/// `order`
pub(crate) fn order(p: &mut Parser<'_>) -> Parsed<Vec<OrderTerm>> {
    let term = |p: &mut Parser<'_>| {
        lexeme(p, |p| {
            p.either(
                |p| p.attempt(related_order),
                |p| {
                    let target = OrderTarget::Field(field(p)?);
                    order_modifiers(p, target)
                },
            )
        })
    };
    p.separated(term, |p| p.char(',', "\",\""))
}

fn related_order(p: &mut Parser<'_>) -> Parsed<OrderTerm> {
    let relation = field_name(p)?;
    open(p)?;
    let field = field(p)?;
    close(p)?;
    order_modifiers(p, OrderTarget::Related { relation, field })
}

fn order_modifiers(p: &mut Parser<'_>, target: OrderTarget) -> Parsed<OrderTerm> {
    fn modifier(p: &mut Parser<'_>, words: &[(&str, &'static str, bool)]) -> Parsed<Option<bool>> {
        p.optional(|p| {
            for (word, label, value) in words {
                let found = p.attempt(|p| {
                    dot(p)?;
                    p.string(word, label)
                });
                if found.is_ok() {
                    return Ok(*value);
                }
            }
            Err(Failed)
        })
    }
    let descending = modifier(p, &[("asc", "\"asc\"", false), ("desc", "\"desc\"", true)])?;
    let nulls_first = modifier(
        p,
        &[
            ("nullsfirst", "\"nullsfirst\"", true),
            ("nullslast", "\"nullslast\"", false),
        ],
    )?;
    p.ends_before(&[(",", "\",\"")])?;
    Ok(OrderTerm {
        target,
        descending,
        nulls_first,
    })
}

/// `columns` and `on_conflict`
pub(crate) fn columns(p: &mut Parser<'_>) -> Parsed<Vec<String>> {
    p.separated(field_name, comma)
}

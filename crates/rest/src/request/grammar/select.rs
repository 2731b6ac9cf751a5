//! `select`: columns, aggregates and embedded resources.

use super::{alias, cast, close, comma, field, field_name, lexeme, open};
use crate::request::parser::{Failed, Parsed, Parser};
use crate::request::types::{
    Aggregate, Field, JoinType, SelectItem, SelectedField, SelectedRelation,
};

/// `select`. Text behind a complete list is ignored, as clients rely on.
pub(in crate::request) fn select(p: &mut Parser<'_>) -> Parsed<Vec<SelectItem>> {
    p.nested(|p| {
        Ok(p.optional(|p| p.separated(select_item, comma))?
            .unwrap_or_default())
    })
}

fn select_item(p: &mut Parser<'_>) -> Parsed<SelectItem> {
    let with_items = |p: &mut Parser<'_>, mut relation: SelectedRelation| {
        p.count_part()?;
        open(p)?;
        relation.items = select(p)?;
        close(p)?;
        Ok(SelectItem::Relation(relation))
    };
    if let Ok(relation) = p.attempt(spread_relation) {
        return with_items(p, relation);
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

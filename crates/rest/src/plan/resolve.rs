//! Fields of a request, looked up in the schema cache: their types, and the functions that convert
//! domains ("data representations").

use crate::request::types::OrderTerm as RequestedOrder;
use crate::request::types::{Field, Filter, Logic, Operation, OrderTarget};
use crate::schema_cache::model::{Column, Qualified, SchemaCache, Table};

use super::types::{Condition, Conditions, OrderTerm, TypedField, split};

/// Looks fields up in one table.
#[derive(Clone, Copy)]
pub(super) struct Resolver<'a> {
    cache: &'a SchemaCache,
    table: Option<&'a Table>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(cache: &'a SchemaCache, table: &Qualified) -> Self {
        Self {
            cache,
            table: cache.table(&table.schema, &table.name).map(AsRef::as_ref),
        }
    }

    pub(super) fn columns(&self) -> &'a [Column] {
        self.table.map_or(&[], |table| &table.columns)
    }

    fn of_column(column: &Column) -> TypedField {
        TypedField {
            name: column.name.clone(),
            type_name: column.nominal_type.clone(),
            default: column.default.clone(),
            ..TypedField::default()
        }
    }

    fn field(&self, field: Field, language: Option<Option<String>>) -> TypedField {
        let (name, path) = split(field);
        let column = self.table.and_then(|table| table.column(&name));
        let mut typed = match column {
            Some(column) => Self::of_column(column),
            None => TypedField::unknown(name, Vec::new()),
        };
        // json and jsonb take a path as they are; converting them would hide their indexes.
        typed.to_json = !matches!(typed.type_name.as_str(), "json" | "jsonb");
        if column.is_some_and(|column| column.base_type != "tsvector") {
            typed.to_tsvector = language;
        }
        typed.path = path;
        typed
    }

    fn transformed(&self, mut field: TypedField, from: &str, to: &str) -> TypedField {
        if let Some(function) = self.cache.representation(from, to) {
            field.type_name = from.to_owned();
            field.transform = Some(function.to_owned());
        }
        field
    }

    /// A field as it is answered: as JSON.
    pub(super) fn output(&self, field: Field) -> TypedField {
        let typed = self.field(field, None);
        let from = typed.type_name.clone();
        self.transformed(typed, &from, "json")
    }

    /// A column as it is answered.
    pub(super) fn output_column(&self, column: &Column) -> TypedField {
        let typed = Self::of_column(column);
        self.transformed(typed, &column.nominal_type, "json")
    }

    pub(super) fn has_output_representation(&self) -> bool {
        self.columns().iter().any(|column| {
            self.cache
                .representation(&column.nominal_type, "json")
                .is_some()
        })
    }

    /// A column as it is written: out of JSON.
    pub(super) fn input(&self, name: &str) -> Option<TypedField> {
        let typed = Self::of_column(self.table?.column(name)?);
        let to = typed.type_name.clone();
        Some(self.transformed(typed, "json", &to))
    }

    fn filter(&self, filter: Filter) -> Condition {
        let language = match &filter.operation {
            Operation::Search(_, language, _) => Some(language.clone()),
            _ => None,
        };
        let typed = self.field(filter.field, language);
        let to = typed.type_name.clone();
        let field = self.transformed(typed, "text", &to);
        Condition::Field {
            field,
            negated: filter.negated,
            operation: filter.operation,
        }
    }

    pub(super) fn condition(&self, filter: Filter) -> Conditions {
        Logic::Condition(self.filter(filter))
    }

    pub(super) fn conditions(&self, logic: Logic<Filter>) -> Conditions {
        match logic {
            Logic::Condition(filter) => self.condition(filter),
            Logic::Group {
                negated,
                operator,
                members,
            } => Logic::Group {
                negated,
                operator,
                members: members
                    .into_iter()
                    .map(|member| self.conditions(member))
                    .collect(),
            },
        }
    }

    pub(super) fn order(&self, term: RequestedOrder) -> OrderTerm {
        let (field, relation) = match term.target {
            OrderTarget::Field(field) => (self.field(field, None), None),
            OrderTarget::Related { relation, field } => {
                let (name, path) = split(field);
                (TypedField::unknown(name, path), Some(relation))
            }
        };
        OrderTerm {
            field,
            relation,
            descending: term.descending,
            nulls_first: term.nulls_first,
        }
    }
}

//! Schemas that no Rust type has: alternatives, texts of a form, names with a default.

use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};

/// Implements `ToSchema` for shapes that no Rust type has: `$schema` is theirs, and `$of` the shapes
/// that it refers to.
macro_rules! shape {
    ($(#[doc = $doc:literal])* $name:ident: $schema:expr; $($of:ident)*) => {
        $(#[doc = $doc])*
        pub struct $name;

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                $schema.into()
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>)>) {
                $(schemas.push((stringify!($of).to_owned(), <$of as utoipa::PartialSchema>::schema()));
                <$of as utoipa::ToSchema>::schemas(schemas);)*
                let _ = schemas;
            }
        }
    };
}
pub(crate) use shape;

/// One of these texts.
pub fn words<const N: usize>(words: [&str; N]) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words))
}

/// One of these texts, the first of them by default.
pub fn words_with_default<const N: usize>(list: [&str; N]) -> ObjectBuilder {
    words(list).default(list.first().map(|first| (*first).into()))
}

pub fn text(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).description(Some(description))
}

pub fn bytes(description: &str) -> ObjectBuilder {
    text(description).format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
}

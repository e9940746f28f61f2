//! The error format of REST, server functions and WebSocket: the names, codes and JSON of Feathers.

use std::fmt;

use serde::{Deserialize, Serialize};

/// `{"name":"NotFound","message":"...","code":404,"className":"not-found","data":{},"errors":{}}`. Clients branch on `code`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiError {
    pub name: String,
    /// One sentence: what is wrong, where, and what to do.
    pub message: String,
    pub code: u16,
    pub class_name: String,
    #[serde(default)]
    pub data: Box<ErrorData>,
    /// For input of a wrong type: the first invalid field and its rule.
    #[serde(skip_deserializing)]
    pub errors: FieldError,
}

/// What helps to mend a query: `{}`, which Feathers clients expect to exist, or `{"column": 1, "near": ["config.lr"]}`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ErrorData {
    /// The place of the error in a search or a name, in characters from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// Names that could stand there instead, the most similar first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub near: Vec<String>,
    /// Why the server failed, in a word for its log. It is not sent.
    #[serde(skip)]
    pub reason: Option<&'static str>,
}

/// `{}` or `{"<field>": "<rule>"}`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct FieldError(pub std::collections::BTreeMap<String, String>);

macro_rules! kinds {
    ($($name:ident $code:literal $class:literal,)*) => {
        /// The errors of Feathers, and 507.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ErrorKind { $($name),* }

        impl ErrorKind {
            /// The error kind with this status code.
            pub const fn of_code(code: u16) -> Option<Self> {
                match code { $($code => Some(Self::$name),)* _ => None }
            }

            const fn parts(self) -> (&'static str, u16, &'static str) {
                match self { $(Self::$name => (stringify!($name), $code, $class)),* }
            }
        }
    };
}

kinds! {
    BadRequest 400 "bad-request",
    NotAuthenticated 401 "not-authenticated",
    Forbidden 403 "forbidden",
    NotFound 404 "not-found",
    MethodNotAllowed 405 "method-not-allowed",
    Timeout 408 "timeout",
    Conflict 409 "conflict",
    Gone 410 "gone",
    PreconditionFailed 412 "precondition-failed",
    PayloadTooLarge 413 "payload-too-large",
    Unprocessable 422 "unprocessable",
    TooManyRequests 429 "too-many-requests",
    GeneralError 500 "general-error",
    Unavailable 503 "unavailable",
    InsufficientStorage 507 "insufficient-storage",
}

impl ErrorKind {
    pub const fn code(self) -> u16 {
        self.parts().1
    }

    pub fn with(self, message: impl Into<String>) -> ApiError {
        let (name, code, class) = self.parts();
        let (data, errors) = Default::default();
        ApiError { name: name.into(), message: message.into(), code, class_name: class.into(), data, errors }
    }
}

impl ApiError {
    /// Adds the invalid field and its rule to `errors`.
    pub fn at(mut self, field: &str, rule: impl Into<String>) -> Self {
        self.errors.0.insert(field.to_owned(), rule.into());
        self
    }

    /// Adds the word for the log.
    pub fn because(mut self, reason: &'static str) -> Self {
        self.data.reason = Some(reason);
        self
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ApiError {}

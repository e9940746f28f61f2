//! The schema of the database: created in a new file, required in an existing one.

use std::path::Path;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqlSafeStr, SqliteConnection};

use super::SCHEMA;
use super::error::OpenError;
use crate::server::store::integrity::state_row::StateRow;

/// SQLite's extended code SQLITE_READONLY_ROLLBACK: the file has a hot rollback journal, which only a writer can apply.
const READONLY_ROLLBACK: &str = "776";

/// What a file says of itself before this program writes to it.
struct Inspection {
    /// Whether it has the table of applied migrations.
    is_migrated: bool,
    has_tables: bool,
    /// The newest migration.
    version: Option<i64>,
    /// Whether that migration is [`SCHEMA`] and was complete.
    is_ours: bool,
    state: Option<StateRow>,
}

/// Reads the state row of the database `path`; `None` if the file does not exist, is empty or has no tables yet.
///
/// Does not write to a file with another schema. Errors: [`OpenError::Foreign`], [`OpenError::Schema`],
/// [`OpenError::SchemaEdited`], or [`OpenError::Database`] if the file cannot be read.
pub async fn check_schema(path: &Path) -> Result<Option<StateRow>, OpenError> {
    // SQLite would delete the log of an empty database file.
    if std::fs::metadata(path).map_or(0, |file| file.len()) == 0 {
        return Ok(None);
    }
    let mut inspected = inspect(path, true).await;
    // A power cut while a new database was created, before it was in WAL mode: SQLite must roll the file back first.
    if inspected.as_ref().err().and_then(sqlx::Error::as_database_error).and_then(|why| why.code()).as_deref() == Some(READONLY_ROLLBACK) {
        inspected = inspect(path, false).await;
    }
    match inspected.map_err(|why| OpenError::Database(path.into(), why))? {
        Inspection { is_migrated: false, has_tables: true, .. } => Err(OpenError::Foreign(path.into())),
        Inspection { version: Some(version), .. } if version != SCHEMA => Err(OpenError::Schema(path.into(), version)),
        Inspection { version: Some(_), is_ours: false, .. } => Err(OpenError::SchemaEdited(path.into())),
        Inspection { state, .. } => Ok(state),
    }
}

async fn inspect(path: &Path, read_only: bool) -> sqlx::Result<Inspection> {
    let mut connection = SqliteConnectOptions::new().filename(path).read_only(read_only).connect().await?;
    let has_tables: bool = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema").fetch_one(&mut connection).await?;
    let migrations = "SELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'";
    let is_migrated: bool = sqlx::query_scalar(migrations).fetch_one(&mut connection).await?;
    let mut inspection = Inspection { is_migrated, has_tables, version: None, is_ours: false, state: None };
    if is_migrated {
        inspection.version = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations").fetch_one(&mut connection).await?;
        let ours = "SELECT count(*) FROM _sqlx_migrations WHERE version = ? AND success = 1 AND checksum = ?";
        inspection.is_ours = sqlx::query_scalar(ours).bind(SCHEMA).bind(&*migration().checksum).fetch_one(&mut connection).await?;
    }
    if inspection.version == Some(SCHEMA) && inspection.is_ours {
        inspection.state = StateRow::read(&mut connection).await?;
    }
    connection.close().await?;
    Ok(inspection)
}

fn migration() -> Migration {
    let sql = include_str!("../../../../migrations/0001_schema.sql").into_sql_str();
    Migration::new(SCHEMA, "schema".into(), MigrationType::Simple, sql, false)
}

/// Creates the tables of a new database.
pub async fn migrate(connection: &mut SqliteConnection, path: &Path) -> Result<(), OpenError> {
    Migrator::with_migrations(vec![migration()]).run(connection).await.map_err(|why| match why {
        MigrateError::VersionMissing(version) => OpenError::Schema(path.into(), version),
        MigrateError::VersionMismatch(_) => OpenError::SchemaEdited(path.into()),
        MigrateError::Execute(why) | MigrateError::ExecuteMigration(why, _) => OpenError::Database(path.into(), why),
        other => OpenError::Database(path.into(), sqlx::Error::Migrate(Box::new(other))),
    })
}

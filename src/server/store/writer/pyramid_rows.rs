//! Blocks of nodes on disk: written with each chunk, read again when the pyramid is not in memory, rebuilt from chunks if damaged.

use sqlx::SqliteConnection;

use crate::series::{BLOCK, Block, Node, Pyramid, nodes_at};
use crate::server::store::error::corrupt;
use crate::server::store::integrity::checksum::keyed;
use crate::server::store::series::codec::{pack_nodes, unpack_nodes, unpack_points};
use crate::server::store::series::rows::{chunk_key, node_key};
use crate::server::store::series::{CHUNK, Series};

/// Reads the growing edge of a pyramid: the last block of each level, where that is not full. If one is missing or damaged, all
/// nodes are rebuilt.
pub async fn open_pyramid(commit: &mut SqliteConnection, series: &Series) -> sqlx::Result<Pyramid> {
    let mut blocks: Vec<Vec<Node>> = Vec::new();
    for level in 0.. {
        let nodes = nodes_at(level, series.sealed);
        if nodes == 0 {
            break;
        }
        let mut open = Vec::new();
        if !nodes.is_multiple_of(BLOCK) {
            let key = node_key(series.key, level, nodes / BLOCK);
            let bytes: Option<Vec<u8>> =
                sqlx::query_scalar("SELECT nodes FROM node WHERE key = ?").bind(key).fetch_optional(&mut *commit).await?;
            open = bytes.and_then(|bytes| unpack_nodes(keyed(bytes, key)).ok()).unwrap_or_default();
        }
        blocks.push(open);
    }
    match Pyramid::open(series.sealed, blocks) {
        Some(pyramid) => Ok(pyramid),
        None => {
            tracing::warn!("nodes of a series (key {}) were damaged and are rebuilt", series.key);
            rebuild(commit, series.key, series.sealed).await
        }
    }
}

/// Writes all nodes of a series from its chunks: `sealed` points.
pub async fn rebuild(commit: &mut SqliteConnection, key: i64, sealed: u64) -> sqlx::Result<Pyramid> {
    let mut pyramid = Pyramid::default();
    for number in 0..sealed / CHUNK as u64 {
        let select = sqlx::query_scalar::<_, Vec<u8>>("SELECT points FROM chunk WHERE key = ?").bind(chunk_key(key, number));
        let bytes = keyed(select.fetch_one(&mut *commit).await?, chunk_key(key, number));
        let chunk = unpack_points(&bytes).map_err(corrupt)?;
        if chunk.len() != CHUNK {
            return Err(corrupt("a chunk has too few points"));
        }
        pyramid.add_chunk(&chunk);
        write_blocks(commit, key, pyramid.take_full()).await?;
    }
    write_blocks(commit, key, pyramid.take()).await?;
    Ok(pyramid)
}

pub async fn write_blocks(commit: &mut SqliteConnection, key: i64, blocks: Vec<Block>) -> sqlx::Result<()> {
    for Block { level, number, nodes } in blocks {
        let replace = sqlx::query("INSERT OR REPLACE INTO node (key, nodes) VALUES (?, ?)");
        let key = node_key(key, level, number);
        replace.bind(key).bind(keyed(pack_nodes(&nodes), key)).execute(&mut *commit).await?;
    }
    Ok(())
}

use super::*;
use crate::server::boards::parse_many;
use crate::server::limits::RESPONSE_BUDGET_PER_TOKEN_BYTES;
use crate::server::testing::model::app;

/// A server's inside with cells that have long notes, and a document.
async fn filled(folder: &std::path::Path) -> App {
    let app = app(folder).await;
    let note = "n".repeat(4 << 10);
    let cells: Vec<_> = (0..200).map(|at| serde_json::json!({ "_id": format!("c{at}"), "description": note })).collect();
    let large = serde_json::json!({ "_id": "large", "type": "html", "value": "<p>".repeat(1 << 20) });
    for body in [serde_json::json!(cells), large] {
        let (drafts, _) = parse_many(body.to_string().as_bytes()).unwrap();
        app.boards.create(drafts, false, None).await.unwrap();
    }
    app
}

fn feed(app: &App, view: FeedView) -> Feed {
    Feed::new(
        app,
        None,
        FeedRequest { board: "main".into(), resume_from: Some(Position { epoch: "another".into(), seq: 0, run_seq: None }), view },
    )
}

#[tokio::test]
async fn a_snapshot_has_its_share_of_memory_until_it_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let app = filled(folder.path()).await;
    let mut feed = feed(&app, FeedView::Page);
    feed.begin().await.unwrap();
    assert!(app.answers.bytes() >= SNAPSHOT_COPIES * 200 * (4 << 10), "before it is made");
    assert!(app.answers.bytes() < SNAPSHOT_COPIES * 200 * (6 << 10));
    let hello = feed.next().await.unwrap();
    assert!(hello.frame.len() < MAX_UNCOUNTED_RESPONSE_BYTES);
    // A reader that gets an event meanwhile requests once more; it is made once.
    assert!(futures::FutureExt::now_or_never(feed.next()).is_none());
    let snapshot = feed.next().await.unwrap().into_frame();
    assert_eq!(app.answers.bytes(), snapshot.len());
    drop(feed);
    assert_eq!(app.answers.bytes(), snapshot.len());
    drop(snapshot);
    assert_eq!(app.answers.bytes(), 0);
}

#[tokio::test]
async fn a_document_has_its_share_in_every_view() {
    let folder = tempfile::tempdir().unwrap();
    let app = filled(folder.path()).await;
    let mut again = feed(&app, FeedView::Document);
    again.begin().await.unwrap();
    let mut large = None;
    while large.is_none() {
        large = again.next().await.ok().filter(|ready| ready.frame.len() > LARGE_FRAME_BYTES);
    }
    let large = large.unwrap();
    assert_eq!(app.answers.bytes(), large.frame.len());
    drop(large);
    // As event: written by the renderer for the first, and there for the next.
    let mut readers = [feed(&app, FeedView::Document), feed(&app, FeedView::Document)];
    for reader in &mut readers {
        while reader.next().await.unwrap().frame.len() < LARGE_FRAME_BYTES {}
        while reader.ready().is_some() {}
    }
    assert_eq!(app.answers.bytes(), 0);
    let (drafts, _) = parse_many(serde_json::json!({ "value": "x".repeat(LARGE_FRAME_BYTES) }).to_string().as_bytes()).unwrap();
    app.boards.create(drafts, false, None).await.unwrap();
    let [first, second] = &mut readers;
    let first = first.next().await.unwrap();
    let second = second.ready().expect("it is written already");
    assert!(first.frame.len() > LARGE_FRAME_BYTES && first.frame.len() == second.frame.len());
    assert_eq!(app.answers.bytes(), 2 * first.frame.len());
    drop((first, second.without_frame()));
    assert_eq!(app.answers.bytes(), 0);
}

#[tokio::test]
async fn a_feed_without_memory_is_refused_and_an_open_one_ends() {
    let folder = tempfile::tempdir().unwrap();
    let app = filled(folder.path()).await;
    let mut inside = feed(&app, FeedView::Document);
    inside.begin().await.unwrap();
    let others = app.answers.try_share(&None, RESPONSE_BUDGET_PER_TOKEN_BYTES - (1 << 20)).unwrap();
    tokio::time::pause();
    for view in [FeedView::Page, FeedView::Document] {
        let mut feed = feed(&app, view);
        // The first document is small.
        assert_eq!(
            feed.begin().await.err().map(|problem| problem.to_api_error().code),
            (view == FeedView::Page).then_some(503),
            "{view:?}"
        );
    }
    let refused = loop {
        if let Err(problem) = inside.next().await {
            break problem;
        }
    };
    assert_eq!(refused.to_api_error().code, 503);
    drop((inside, others));
    assert_eq!(app.answers.bytes(), 0);
    assert!(feed(&app, FeedView::Page).begin().await.is_ok());
}

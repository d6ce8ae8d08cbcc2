//! The server over a real socket.

use super::serve;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;

/// A served folder, removed afterwards. Beside it lies a file that must never be served.
struct Site {
    folder: PathBuf,
    address: SocketAddr,
}

impl Site {
    fn new(name: &str) -> Self {
        let folder = crate::shell::root().join(format!("target/xtask/server-{name}-{}", std::process::id()));
        fs::create_dir_all(folder.join("public/cities")).expect("a folder");
        fs::write(folder.join("secret.txt"), "secret").expect("a file");
        fs::write(folder.join("public/index.html"), "<!doctype html>").expect("a file");
        fs::write(folder.join("public/cities/a b.pmtiles"), "0123456789").expect("a file");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let public = folder.join("public");
        std::thread::spawn(move || serve(&listener, &public));
        Self { folder, address }
    }

    /// Sends the text and gives all that comes back.
    fn say(&self, text: &str) -> String {
        let mut connection = TcpStream::connect(self.address).expect("a connection");
        connection.write_all(text.as_bytes()).expect("sent");
        let mut answer = String::new();
        connection.read_to_string(&mut answer).expect("an answer");
        answer
    }

    fn ask(&self, method: &str, path: &str, header: &str) -> String {
        self.say(&format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}\r\n"))
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn files_come_with_their_type_and_ranges_with_their_place() {
    let site = Site::new("files");
    let page = site.ask("GET", "/?backend=cpu", "");
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    assert!(page.contains("Content-Type: text/html") && page.ends_with("\r\n\r\n<!doctype html>"), "{page}");
    let part = site.ask("GET", "/cities/a%20b.pmtiles", "Range: bytes=2-4\r\n");
    assert!(part.starts_with("HTTP/1.1 206 ") && part.contains("Content-Range: bytes 2-4/10\r\n"), "{part}");
    assert!(part.contains("Content-Length: 3\r\n") && part.ends_with("\r\n\r\n234"), "{part}");
    let outside = site.ask("GET", "/cities/a%20b.pmtiles", "Range: bytes=10-\r\n");
    assert!(outside.starts_with("HTTP/1.1 416 ") && outside.contains("Content-Range: bytes */10\r\n"), "{outside}");
}

#[test]
fn head_tells_the_length_and_sends_nothing() {
    let site = Site::new("head");
    let head = site.ask("HEAD", "/cities/a%20b.pmtiles", "");
    assert!(head.contains("Content-Length: 10\r\n") && head.ends_with("\r\n\r\n"), "{head}");
}

#[test]
fn a_known_tag_is_not_sent_again() {
    let site = Site::new("tag");
    let first = site.ask("GET", "/index.html", "");
    let tag = first.lines().find(|line| line.starts_with("ETag: ")).expect("a tag").trim_start_matches("ETag: ");
    let again = site.ask("GET", "/index.html", &format!("If-None-Match: {tag}\r\n"));
    assert!(again.starts_with("HTTP/1.1 304 ") && again.ends_with("\r\n\r\n"), "{again}");
}

#[test]
fn nothing_outside_the_folder_is_served() {
    let site = Site::new("outside");
    #[cfg(unix)]
    std::os::unix::fs::symlink(site.folder.join("secret.txt"), site.folder.join("public/link")).expect("a link");
    for path in [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/cities/../../secret.txt",
        "//etc/passwd",
        "/link",
        "/missing",
        "/a%00b",
        "/..%5csecret.txt",
    ] {
        let answer = site.ask("GET", path, "");
        assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
        assert!(!answer.contains("secret"), "{path}: {answer}");
    }
    assert!(site.ask("DELETE", "/index.html", "").starts_with("HTTP/1.1 405 "));
    assert!(site.say("nonsense\r\n\r\n").starts_with("HTTP/1.1 400 "));
}

#[test]
fn one_connection_carries_several_requests() {
    let site = Site::new("several");
    let two = site.say("GET / HTTP/1.1\r\n\r\nGET /cities/a%20b.pmtiles HTTP/1.1\r\nConnection: close\r\n\r\n");
    assert_eq!(two.matches("HTTP/1.1 200 OK").count(), 2, "{two}");
}

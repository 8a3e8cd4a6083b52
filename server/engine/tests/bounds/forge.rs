//! Files as somebody forges them who has a repository's password.

use std::{
    fs,
    io::{Read, Write},
    path::PathBuf,
};

use aes256ctr_poly1305aes::{
    Aes256CtrPoly1305Aes, Key, Nonce,
    aead::{AeadInPlace, generic_array::GenericArray},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use rustic_core::{Id, repofile::MasterKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{BUCKET, PASSWORD, World};

pub struct Forger {
    sealer: Aes256CtrPoly1305Aes,
    folder: PathBuf,
}

/// Something that was compressed.
pub struct Bomb {
    pub compressed: Vec<u8>,
    /// Its length and hash before.
    pub length: u64,
    pub id: String,
}

/// `begin`, then so many spaces.
pub fn bomb(begin: &str, spaces: u64) -> Bomb {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    let (mut hasher, mut length) = (Sha256::new(), 0);
    let mut text = begin.as_bytes().chain(std::io::repeat(b' ').take(spaces));
    let mut buffer = vec![0; 1 << 20];
    loop {
        let count = text.read(&mut buffer).unwrap();
        if count == 0 {
            break;
        }
        encoder.write_all(&buffer[..count]).unwrap();
        hasher.update(&buffer[..count]);
        length += count as u64;
    }
    Bomb { compressed: encoder.finish().unwrap(), length, id: hex(&hasher.finalize()) }
}

impl Forger {
    pub fn of(world: &World) -> Self {
        let file: Value = serde_json::from_slice(&fs::read(&world.stored("keys")[0]).unwrap()).unwrap();
        let figure = |name: &str| u32::try_from(file[name].as_u64().unwrap()).unwrap();
        let bytes = |name: &str| BASE64_STANDARD.decode(file[name].as_str().unwrap()).unwrap();
        let log_n = u8::try_from(figure("N").ilog2()).unwrap();
        let cost = scrypt::Params::new(log_n, figure("r"), figure("p")).unwrap();
        let mut key = [0; 64];
        scrypt::scrypt(PASSWORD.as_bytes(), &bytes("salt"), &cost, &mut key).unwrap();
        let data = bytes("data");
        let (nonce, rest) = data.split_at(16);
        let (content, tag) = rest.split_at(rest.len() - 16);
        let mut opened = content.to_vec();
        Aes256CtrPoly1305Aes::new(Key::from_slice(&key))
            .decrypt_in_place_detached(Nonce::from_slice(nonce), b"", &mut opened, GenericArray::from_slice(tag))
            .unwrap();
        let master: MasterKey = serde_json::from_slice(&opened).unwrap();
        let whole = [master.encrypt.as_slice(), &master.mac.k, &master.mac.r].concat();
        let folder = world.folder.path().join("s3").join(BUCKET).join("prefix");
        Self { sealer: Aes256CtrPoly1305Aes::new(Key::from_slice(&whole)), folder }
    }

    fn seal(&self, content: &[u8]) -> Vec<u8> {
        let nonce: [u8; 16] = rand::random();
        let mut sealed = content.to_vec();
        let tag = self.sealer.encrypt_in_place_detached(&Nonce::from(nonce), b"", &mut sealed).unwrap();
        [&nonce[..], &sealed, &tag].concat()
    }

    fn store(&self, folder: &str, content: &[u8]) -> String {
        let id = hex(&Sha256::digest(content));
        fs::create_dir_all(self.folder.join(folder)).unwrap();
        fs::write(self.folder.join(folder).join(&id), content).unwrap();
        id
    }

    /// Stores an index or a snapshot, and gives its name.
    pub fn file(&self, folder: &str, content: &[u8]) -> String {
        self.store(folder, &self.seal(content))
    }

    /// Stores a compressed one.
    pub fn compressed_file(&self, folder: &str, compressed: &[u8]) -> String {
        self.file(folder, &[&[2], compressed].concat())
    }

    /// Stores a pack with one compressed blob, `data` or `tree`, and an index of it that gives the blob this length.
    pub fn blob(&self, kind: &str, id: &str, compressed: &[u8], length: u64) {
        let sealed = self.seal(compressed);
        let (stored, plain) = (u32::try_from(sealed.len()).unwrap(), u32::try_from(length).unwrap());
        let mut header = vec![if kind == "data" { 2 } else { 3 }];
        header.extend(stored.to_le_bytes());
        header.extend(plain.to_le_bytes());
        header.extend((0..32).map(|at| u8::from_str_radix(&id[2 * at..2 * at + 2], 16).unwrap()));
        let header = self.seal(&header);
        let header_length = u32::try_from(header.len()).unwrap().to_le_bytes();
        let content = [&sealed[..], &header, &header_length].concat();
        let name = hex(&Sha256::digest(&content));
        assert_eq!(self.store(&format!("data/{}", &name[..2]), &content), name);
        let blob = json!({"id": id, "type": kind, "offset": 0, "length": stored, "uncompressed_length": plain});
        let index = json!({"packs": [{"id": name, "blobs": [blob], "time": "2026-01-01T00:00:00Z"}]});
        self.file("index", index.to_string().as_bytes());
    }

    /// Stores a folder with one file that has this content, and gives its id.
    pub fn folder_of(&self, content: &Bomb) -> String {
        let node =
            json!({"name": "bomb", "type": "file", "mode": 420, "size": content.length, "content": [content.id]});
        let text = json!({"nodes": [node]}).to_string() + "\n";
        let id = hex(&Sha256::digest(&text));
        let compressed = zstd::bulk::compress(text.as_bytes(), 1).unwrap();
        self.blob("tree", &id, &compressed, text.len() as u64);
        id
    }

    /// Stores a snapshot of a folder.
    pub fn snapshot(&self, folder: &str) -> String {
        let snapshot = json!({"time": "2026-01-01T00:00:00Z", "tree": folder, "paths": ["/"], "hostname": "h"});
        self.file("snapshots", snapshot.to_string().as_bytes())
    }
}

fn hex(hash: &[u8]) -> String {
    Id::new(hash.try_into().unwrap()).to_hex().as_str().to_owned()
}

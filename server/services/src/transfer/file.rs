//! The file: a head, for each table its name and columns and then its rows, and at the end how many rows there are and
//! the SHA-256 of all lines before.

use std::{
    fs::{File, Permissions},
    io::{self, BufRead, BufReader, BufWriter, Read as _, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use super::TransferError;

/// The number that the first line begins with. Another way of writing the file gets another one.
const FORMAT: u32 = 1;

/// No line of ours is longer. The longest are those of backups with many unreadable files.
const LONGEST_LINE: u64 = 256 << 20;

/// The first line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Head {
    holdfast_export: u32,
    /// The version of Holdfast that made the file.
    pub version: String,
    pub made_at: DateTime<Utc>,
    /// The steps of the database's schema.
    pub schema: Vec<String>,
}

impl Head {
    pub fn new(made_at: DateTime<Utc>) -> Self {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Self { holdfast_export: FORMAT, version, made_at, schema: migration::steps() }
    }
}

/// What stands before a table's rows.
#[derive(Debug, Serialize, Deserialize)]
pub struct Section {
    pub table: String,
    pub columns: Vec<String>,
    /// The highest id that a row ever had.
    pub last_id: i64,
}

#[derive(Debug, Serialize, Deserialize)]
struct End {
    rows: u64,
    sha256: String,
}

/// Writes to a temporary file in the same folder, with mode 0600, which takes the name when it is complete.
pub struct Writer {
    path: PathBuf,
    output: BufWriter<NamedTempFile>,
    digest: Sha256,
    rows: u64,
    bytes: u64,
}

impl Writer {
    pub fn create(path: &Path, head: &Head) -> Result<Self, TransferError> {
        let made = || {
            let file = tempfile::Builder::new()
                .prefix(".holdfast-export-")
                .permissions(Permissions::from_mode(0o600))
                .tempfile_in(folder(path))?;
            Ok(BufWriter::new(file))
        };
        let output = made().map_err(|cause| TransferError::Write { file: path.to_owned(), cause })?;
        let mut writer = Self { path: path.to_owned(), output, digest: Sha256::new(), rows: 0, bytes: 0 };
        writer.line(head)?;
        Ok(writer)
    }

    pub fn section(&mut self, section: &Section) -> Result<(), TransferError> {
        self.line(section)
    }

    pub fn row(&mut self, values: &[Json]) -> Result<(), TransferError> {
        self.rows += 1;
        self.line(&values)
    }

    /// Ends the file and gives it its name, in place of an older one. Answers its rows and bytes.
    pub fn finish(mut self) -> Result<(u64, u64), TransferError> {
        let end = End { rows: self.rows, sha256: hex(&self.digest.clone().finalize()) };
        self.line(&end)?;
        let (path, rows, bytes) = (self.path, self.rows, self.bytes);
        let named = || {
            let file = self.output.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(io::Error::from)?;
            File::open(folder(&path))?.sync_all()
        };
        named().map_err(|cause| TransferError::Write { file: path.clone(), cause })?;
        Ok((rows, bytes))
    }

    fn line(&mut self, line: &impl Serialize) -> Result<(), TransferError> {
        let mut written = || {
            let mut text = serde_json::to_vec(line)?;
            text.push(b'\n');
            self.digest.update(&text);
            self.bytes += text.len() as u64;
            self.output.write_all(&text)
        };
        written().map_err(|cause| TransferError::Write { file: self.path.clone(), cause })
    }
}

/// One line after the head.
#[derive(Debug)]
pub enum Line {
    Section(Section),
    Row(Vec<Json>),
}

/// Reads the file line by line.
pub struct Reader {
    path: PathBuf,
    input: BufReader<File>,
    digest: Sha256,
    rows: u64,
}

impl Reader {
    /// Opens the file and reads its head.
    pub fn open(path: &Path) -> Result<(Self, Head), TransferError> {
        let file = File::open(path).map_err(|cause| TransferError::Read { file: path.to_owned(), cause })?;
        let (input, digest) = (BufReader::new(file), Sha256::new());
        let mut reader = Self { path: path.to_owned(), input, digest, rows: 0 };
        let head: Option<Head> = reader.line()?.and_then(|line| serde_json::from_slice(&line).ok());
        match head {
            Some(head) if head.holdfast_export == FORMAT => Ok((reader, head)),
            Some(head) => Err(TransferError::Newer { file: reader.path, version: head.version }),
            None => Err(TransferError::Foreign { file: reader.path }),
        }
    }

    /// The next line; `None` after the last one, when the checksum is right.
    pub fn next(&mut self) -> Result<Option<Line>, TransferError> {
        let before = self.digest.clone();
        let Some(line) = self.line()? else { return Err(TransferError::CutOff { file: self.path.clone() }) };
        if line.starts_with(b"[") {
            self.rows += 1;
            return Ok(Some(Line::Row(self.parse(&line)?)));
        }
        if !line.starts_with(b"{\"rows\"") {
            return Ok(Some(Line::Section(self.parse(&line)?)));
        }
        let end: End = self.parse(&line)?;
        let whole = end.rows == self.rows && end.sha256 == hex(&before.finalize()) && self.line()?.is_none();
        if whole { Ok(None) } else { Err(self.damaged()) }
    }

    /// Reads to the end, and answers how many rows there are.
    pub fn verify(mut self) -> Result<u64, TransferError> {
        while self.next()?.is_some() {}
        Ok(self.rows)
    }

    pub fn damaged(&self) -> TransferError {
        TransferError::Damaged { file: self.path.clone() }
    }

    fn parse<T: DeserializeOwned>(&self, line: &[u8]) -> Result<T, TransferError> {
        serde_json::from_slice(line).map_err(|_| self.damaged())
    }

    /// The next line; `None` at the end of the file. What is cut off in a line is told from what is damaged.
    fn line(&mut self) -> Result<Option<Vec<u8>>, TransferError> {
        let mut line = Vec::new();
        let read = self.input.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line);
        read.map_err(|cause| TransferError::Read { file: self.path.clone(), cause })?;
        match line.last() {
            None => Ok(None),
            Some(b'\n') => {
                self.digest.update(&line);
                Ok(Some(line))
            }
            // The head tells whose file it is, so without it this may be anything.
            Some(_) if self.digest.clone().finalize() == Sha256::new().finalize() => {
                Err(TransferError::Foreign { file: self.path.clone() })
            }
            Some(_) => Err(TransferError::CutOff { file: self.path.clone() }),
        }
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;

    fn sample(path: &Path) -> Vec<u8> {
        let mut writer = Writer::create(path, &Head::new(DateTime::UNIX_EPOCH)).unwrap();
        let section = Section { table: "account".to_owned(), columns: vec!["id".to_owned()], last_id: 7 };
        writer.section(&section).unwrap();
        writer.row(&[json!(7)]).unwrap();
        writer.row(&[json!("a\nb")]).unwrap();
        assert_eq!(writer.finish().unwrap().0, 2);
        fs::read(path).unwrap()
    }

    fn read(path: &Path) -> Result<u64, TransferError> {
        Reader::open(path)?.0.verify()
    }

    #[test]
    fn a_file_is_its_owners_alone_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("export");
        sample(&path);
        sample(&path);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(read(&path).unwrap(), 2);
        drop(Writer::create(&path, &Head::new(DateTime::UNIX_EPOCH)).unwrap());
        assert_eq!(read(&path).unwrap(), 2, "an export that fails leaves the older one");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn wherever_it_is_cut_it_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("export");
        let whole = sample(&path);
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(
                matches!(read(&path), Err(TransferError::Foreign { .. } | TransferError::CutOff { .. })),
                "{length}"
            );
        }
    }

    #[test]
    fn whatever_is_changed_it_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("export");
        let whole = sample(&path);
        for place in 0..whole.len() {
            let mut changed = whole.clone();
            changed[place] ^= 1;
            fs::write(&path, &changed).unwrap();
            assert!(read(&path).is_err(), "{place}: {}", String::from_utf8_lossy(&changed));
        }
        fs::write(&path, [whole.as_slice(), b"[]\n"].concat()).unwrap();
        assert!(matches!(read(&path), Err(TransferError::Damaged { .. })));
    }
}

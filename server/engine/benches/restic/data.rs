//! The files that are backed up: always the same ones.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::Command,
};

use rand::{Rng, RngCore, SeedableRng, rngs::SmallRng};

use super::Outcome;

/// A folder of files.
pub struct Set {
    pub name: &'static str,
    pub title: &'static str,
    /// How much of restic's time its first backup may take.
    pub first_backup: &'static str,
    pub make: fn(&Path) -> io::Result<Made>,
}

#[derive(Default)]
pub struct Made {
    pub files: u64,
    pub bytes: u64,
}

pub const SETS: [Set; 3] = [
    Set { name: "small", title: "Small files", first_backup: "0.7", make: small },
    Set { name: "mixed", title: "Files of all sizes", first_backup: "0.7", make: mixed },
    Set { name: "large", title: "Large files, two thirds incompressible", first_backup: "0.5", make: large },
];

/// 70,000 files of 1 to 24 kB.
fn small(root: &Path) -> io::Result<Made> {
    many(root, 70_000, |random| random.random_range(1_000..24_700))
}

/// 20,000 files; most are small, some have several MB.
fn mixed(root: &Path) -> io::Result<Made> {
    many(root, 20_000, |random| match random.random_range(0..100) {
        0 => random.random_range(500_000..3_500_000),
        1..10 => random.random_range(50_000..400_000),
        _ => random.random_range(500..25_000),
    })
}

fn many(root: &Path, files: u64, size: impl Fn(&mut SmallRng) -> usize) -> io::Result<Made> {
    let mut random = SmallRng::seed_from_u64(files);
    let words = Words::new();
    let mut made = Made::default();
    for number in 0..files {
        let folder = root.join(format!("{:02}", number % 40)).join(format!("folder {:03}", number / 40 % 25));
        fs::create_dir_all(&folder)?;
        let length = size(&mut random);
        let content = words.text(&mut random, length);
        fs::write(folder.join(format!("file {number:05}")), &content)?;
        made.files += 1;
        made.bytes += content.len() as u64;
    }
    Ok(made)
}

/// 2 GiB of noise and 1 GiB of words.
fn large(root: &Path) -> io::Result<Made> {
    fs::create_dir_all(root)?;
    let mut random = SmallRng::seed_from_u64(3);
    let words = Words::new();
    let mut noise = vec![0; 1 << 20];
    for (name, megabytes) in [("noise 1", 1024), ("words", 1024), ("noise 2", 1024)] {
        let mut file = File::create(root.join(name))?;
        for _ in 0..megabytes {
            if name == "words" {
                file.write_all(&words.text(&mut random, 1 << 20))?;
            } else {
                random.fill_bytes(&mut noise);
                file.write_all(&noise)?;
            }
        }
    }
    Ok(Made { files: 3, bytes: 3 << 30 })
}

/// Made-up words, some much more frequent than others, as in texts and sources.
struct Words(Vec<String>);

impl Words {
    fn new() -> Self {
        let mut random = SmallRng::seed_from_u64(1);
        let mut word = || {
            let letters = random.random_range(2..11);
            (0..letters).map(|_| char::from(random.random_range(b'a'..=b'z'))).collect()
        };
        Self((0..6000).map(|_| word()).collect())
    }

    fn text(&self, random: &mut SmallRng, length: usize) -> Vec<u8> {
        let mut text = Vec::with_capacity(length + 16);
        while text.len() < length {
            // The least of three, so that the first ones come most often.
            let at = (0..3).map(|_| random.random_range(0..self.0.len())).min().unwrap_or_default();
            text.extend_from_slice(self.0[at].as_bytes());
            text.push(if random.random_range(0..12) == 0 { b'\n' } else { b' ' });
        }
        text.truncate(length);
        text
    }
}

/// Gives the files' space back and keeps them.
pub fn empty(root: &Path) -> Outcome {
    for file in list(root)? {
        File::options().write(true).open(file)?.set_len(0)?;
    }
    Ok(())
}

/// Changes 5 % of the files, or of a large file's bytes: others in each round.
pub fn change(root: &Path, round: usize) -> Outcome {
    let files = list(root)?;
    let mut random = SmallRng::seed_from_u64(1000 + round as u64);
    let mut noise = vec![0; 1 << 20];
    for (number, path) in files.iter().enumerate() {
        let length = path.metadata()?.len();
        if files.len() > 100 && (number + round).is_multiple_of(20) {
            let mut content = fs::read(path)?;
            let at = random.random_range(0..content.len());
            content[at] = content[at].wrapping_add(1);
            fs::write(path, content)?;
        } else if files.len() <= 100 {
            let file = File::options().write(true).open(path)?;
            for _ in 0..length / 20 / noise.len() as u64 {
                random.fill_bytes(&mut noise);
                let at = random.random_range(0..length - noise.len() as u64);
                std::os::unix::fs::FileExt::write_all_at(&file, &noise, at)?;
            }
        }
    }
    Ok(())
}

/// All files below `root`.
pub fn list(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() { folders.push(entry.path()) } else { files.push(entry.path()) }
        }
    }
    files.sort();
    Ok(files)
}

/// Reads all files below `root`, a MiB at a time.
pub fn read(root: &Path, mut each: impl FnMut(&[u8])) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 20];
    for path in list(root)? {
        let mut file = File::open(path)?;
        loop {
            let count = file.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            each(&buffer[..count]);
        }
    }
    Ok(())
}

/// Bytes of all files below `root`.
pub fn size(root: &Path) -> io::Result<u64> {
    list(root)?.iter().map(|path| path.metadata().map(|seen| seen.len())).sum()
}

pub fn assert_same(source: &Path, target: &Path) -> Outcome {
    let same = Command::new("diff").arg("-r").args([source, target]).status()?.success();
    if same { Ok(()) } else { Err("what was restored differs from its source".into()) }
}

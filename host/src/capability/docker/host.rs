//! Facts about the host that the engine does not tell: disk, memory, and who listens on which port.
//!
//! What cannot be read is left out, never guessed.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde_json::{Value, json};

/// Space of the file system below a path: `{"path", "total", "available", "inodes-available"}`, in bytes.
pub(super) fn disk(path: &str) -> Option<Value> {
    let facts = rustix::fs::statvfs(path).ok()?;
    Some(json!({
        "path": path,
        "total": facts.f_blocks.saturating_mul(facts.f_frsize),
        "available": facts.f_bavail.saturating_mul(facts.f_frsize),
        "inodes-available": facts.f_favail,
    }))
}

/// The host's memory: `{"total", "available"}`, in bytes.
pub(super) fn memory() -> Option<Value> {
    parse_memory(&fs::read_to_string("/proc/meminfo").ok()?)
}

/// `/proc/meminfo`, whose numbers are in KiB (`man 5 proc_meminfo`).
fn parse_memory(text: &str) -> Option<Value> {
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
    };
    Some(json!({ "total": field("MemTotal")?, "available": field("MemAvailable")? }))
}

/// What engines hide of each CPU: `/sys/devices/system/cpu/cpu0/thermal_throttle`, where the host has it.
pub(super) fn throttles() -> Vec<String> {
    let cpus = fs::read_dir("/sys/devices/system/cpu").into_iter().flatten().flatten();
    let throttle = cpus.map(|cpu| cpu.path().join("thermal_throttle")).filter(|path| path.is_dir());
    throttle.filter_map(|path| path.to_str().map(str::to_owned)).collect()
}

/// Port, protocol and address of everything that listens on the host.
pub(super) fn listeners() -> Vec<(u16, String, String)> {
    // A TCP socket listens in state 0A; a UDP socket that receives from anyone is in state 07 (`man 5 proc_net`).
    let tables = [("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")];
    tables
        .iter()
        .filter_map(|(table, state)| Some((table, state, fs::read_to_string(format!("/proc/net/{table}")).ok()?)))
        .flat_map(|(table, state, text)| parse_listeners(&text, table, state))
        .collect()
}

fn parse_listeners(text: &str, table: &str, state: &str) -> Vec<(u16, String, String)> {
    text.lines()
        .skip(1)
        .filter_map(|line| {
            let mut columns = line.split_ascii_whitespace().skip(1);
            let (address, port) = columns.next()?.split_once(':')?;
            if columns.nth(1)? != state {
                return None;
            }
            let port = u16::from_str_radix(port, 16).ok()?;
            Some((port, table[..3].to_owned(), parse_address(address)?.to_string()))
        })
        .collect()
}

/// An address in groups of four bytes, each in the machine's own order.
fn parse_address(text: &str) -> Option<IpAddr> {
    let bytes = hex::decode(text).ok()?;
    let words: Vec<u8> = bytes
        .chunks_exact(4)
        .flat_map(|word| u32::from_be_bytes([word[0], word[1], word[2], word[3]]).to_ne_bytes())
        .collect();
    if let Ok(four) = <[u8; 4]>::try_from(words.as_slice()) {
        return Some(Ipv4Addr::from(four).into());
    }
    <[u8; 16]>::try_from(words.as_slice()).ok().map(|sixteen| Ipv6Addr::from(sixteen).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_in_bytes() {
        let text = "MemTotal:       24686724 kB\nMemFree: 1 kB\nMemAvailable:   20000000 kB\n";
        assert_eq!(
            parse_memory(text).unwrap(),
            json!({ "total": 25_279_205_376_u64, "available": 20_480_000_000_u64 })
        );
        assert_eq!(parse_memory("MemTotal: many"), None);
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn listeners_have_port_protocol_and_address() {
        let head = "  sl  local_address rem_address   st\n";
        let tcp = format!("{head}   0: 0100007F:1F90 00000000:0000 0A 0 0\n   1: 0100007F:1F91 00000000:0000 01 0 0\n");
        assert_eq!(parse_listeners(&tcp, "tcp", "0A"), [(8080, "tcp".to_owned(), "127.0.0.1".to_owned())]);
        let tcp6 = format!("{head}   0: 00000000000000000000000001000000:0050 0:0 0A 0 0\n");
        assert_eq!(parse_listeners(&tcp6, "tcp6", "0A"), [(80, "tcp".to_owned(), "::1".to_owned())]);
        assert_eq!(parse_listeners("nonsense\nnonsense again", "udp", "07"), []);
    }
}

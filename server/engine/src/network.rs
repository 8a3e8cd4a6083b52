//! Which addresses may be dialled.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use ipnet::IpNet;
use url::{Host, Url};

/// The rule for outgoing connections, asked with the resolved address right before dialling, so a
/// name that resolves to something else the second time changes nothing.
///
/// - Public addresses are always allowed.
/// - Link-local addresses and the clouds' metadata services (169.254.0.0/16, `fe80::/10`,
///   `fd00:ec2::254`) never are: they hand out the machine's own credentials.
/// - Everything else that is not public (loopback, private, carrier-grade NAT, unique local,
///   unspecified, multicast, documentation, reserved) only inside a network that the operator allows.
///
/// An IPv4 address written inside an IPv6 one is judged as the IPv4 address it is.
#[derive(Clone, Debug, Default)]
pub struct NetworkPolicy {
    allowed: Vec<IpNet>,
}

impl NetworkPolicy {
    /// Public addresses, and those in `networks`.
    pub fn allowing(networks: Vec<IpNet>) -> Self {
        Self { allowed: networks }
    }

    /// Whether `address` may be dialled.
    pub fn permits(&self, address: IpAddr) -> bool {
        let address = unwrap_v4(address);
        if is_link_local(address) {
            return false;
        }
        is_public(address) || self.allowed.iter().any(|network| network.contains(&address))
    }

    /// The addresses of a name that may be dialled, by the system's resolver.
    pub async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, ResolveError> {
        let addresses = look_up(name).await.map_err(|error| ResolveError::Name(Some(error)))?;
        if addresses.is_empty() {
            return Err(ResolveError::Name(None));
        }
        let permitted: Vec<IpAddr> = addresses.into_iter().filter(|address| self.permits(*address)).collect();
        if permitted.is_empty() { Err(ResolveError::Forbidden) } else { Ok(permitted) }
    }

    /// Whether a URL's host is written as an address that may not be dialled. Names are judged when they are
    /// [resolved](Self::resolve): a resolver never sees an address.
    pub fn forbids_host_of(&self, url: &Url) -> bool {
        written(url).is_some_and(|address| !self.permits(address))
    }

    /// The network to allow so that a URL's host may be dialled: the private or loopback block of its first address, or
    /// that address alone. `None` where it may be dialled already, has no address, or is never allowed.
    pub async fn lacks(&self, url: &Url) -> Option<IpNet> {
        let address = match written(url) {
            Some(address) => address,
            None => look_up(url.domain()?).await.ok()?.into_iter().next()?,
        };
        let address = unwrap_v4(address);
        if self.permits(address) || is_link_local(address) {
            return None;
        }
        let block =
            BLOCKS.iter().filter_map(|block| block.parse::<IpNet>().ok()).find(|block| block.contains(&address));
        Some(block.unwrap_or_else(|| address.into()))
    }
}

/// All addresses of a name, by the system's resolver.
async fn look_up(name: &str) -> io::Result<Vec<IpAddr>> {
    match tokio::net::lookup_host((name, 0)).await {
        Ok(found) => Ok(found.map(|address| address.ip()).collect()),
        // Of the machine itself, whether or not the system's resolver knows it: RFC 6761, section 6.3.
        Err(_) if name.ends_with(".localhost") => Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]),
        Err(error) => Err(error),
    }
}

/// The host of a URL, where it is written as an address.
fn written(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}

/// Where networks of one's own are: RFC 1918, RFC 4193, and the machine itself.
const BLOCKS: [&str; 6] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "fd00::/8", "::1/128"];

/// Why a name yields no address to dial.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    #[error("{}", tr!("the name has no address"))]
    Name(#[source] Option<io::Error>),
    #[error("{}", tr!("the name's addresses are not allowed"))]
    Forbidden,
}

/// The IPv4 address inside a mapped (`::ffff:a.b.c.d`), NAT64 (`64:ff9b::/96`) or 6to4 (`2002::/16`)
/// IPv6 address: all three end at that IPv4 address.
fn unwrap_v4(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else {
        return address;
    };
    if let Some(v4) = v6.to_ipv4_mapped() {
        return v4.into();
    }
    match v6.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => v4_of(high, low).into(),
        _ => address,
    }
}

fn v4_of(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))
}

fn is_link_local(address: IpAddr) -> bool {
    /// Amazon's instance metadata service over IPv6.
    const EC2_METADATA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local() || v6 == EC2_METADATA,
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

/// Not in IANA's special-purpose registry for IPv4 (RFC 6890).
fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let carrier_grade_nat = a == 100 && (64..128).contains(&b);
    let benchmarking = a == 198 && (b == 18 || b == 19);
    let protocol_assignments = a == 192 && b == 0 && c == 0;
    let this_network = a == 0;
    let reserved = a >= 240;
    !(v4.is_loopback()
        || v4.is_private()
        || v4.is_multicast()
        || v4.is_documentation()
        || carrier_grade_nat
        || benchmarking
        || protocol_assignments
        || this_network
        || reserved)
}

/// Global unicast is `2000::/3` (RFC 4291); the documentation and special blocks inside it are not public.
fn is_public_v6(v6: Ipv6Addr) -> bool {
    let [a, b, ..] = v6.segments();
    let global_unicast = a & 0xe000 == 0x2000;
    let documentation = (a == 0x2001 && b == 0xdb8) || (a == 0x3fff && b < 0x1000);
    let special = a == 0x2001 && b < 0x200;
    global_unicast && !documentation && !special
}

#[cfg(test)]
mod tests {
    use super::NetworkPolicy;

    fn permits(policy: &NetworkPolicy, address: &str) -> bool {
        policy.permits(address.parse().unwrap())
    }

    #[tokio::test]
    async fn a_network_to_allow_is_the_one_that_lets_the_host_in() {
        for (url, network) in [
            ("http://192.168.1.20:9000", Some("192.168.0.0/16")),
            ("http://10.1.2.3", Some("10.0.0.0/8")),
            ("http://[fd12::1]:9000", Some("fd00::/8")),
            ("http://127.0.0.1:9000", Some("127.0.0.0/8")),
            ("http://100.64.0.7", Some("100.64.0.7/32")),
            ("http://169.254.169.254", None),
            ("https://8.8.8.8", None),
            ("http://no-such-host.invalid", None),
        ] {
            let url = url.parse().unwrap();
            let lacks = NetworkPolicy::default().lacks(&url).await;
            assert_eq!(lacks.map(|network| network.to_string()).as_deref(), network, "{url}");
            if let Some(network) = lacks {
                assert!(!NetworkPolicy::allowing(vec![network]).forbids_host_of(&url), "{url}");
            }
        }
    }

    #[test]
    fn only_public_addresses_by_default() {
        let policy = NetworkPolicy::default();
        for public in ["8.8.8.8", "52.95.110.1", "2600:1f18::1", "::ffff:8.8.8.8"] {
            assert!(permits(&policy, public), "{public}");
        }
        for inner in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.5.4",
            "192.168.1.1",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "192.0.2.1",
            "240.0.0.1",
            "::1",
            "::",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "2001:db8::1",
            "::ffff:127.0.0.1",
            "::ffff:10.1.1.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
        ] {
            assert!(!permits(&policy, inner), "{inner}");
        }
    }

    #[test]
    fn allowed_networks_open_what_they_name() {
        let policy = NetworkPolicy::allowing(vec!["127.0.0.0/8".parse().unwrap(), "fd12::/16".parse().unwrap()]);
        assert!(permits(&policy, "127.0.0.1"));
        assert!(permits(&policy, "::ffff:127.0.0.1"));
        assert!(permits(&policy, "fd12::5"));
        assert!(!permits(&policy, "10.0.0.1"));
        assert!(!permits(&policy, "::1"));
    }

    #[test]
    fn link_local_is_never_allowed() {
        let policy = NetworkPolicy::allowing(vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()]);
        for metadata in
            ["169.254.169.254", "169.254.1.1", "fe80::1", "febf::1", "fd00:ec2::254", "::ffff:169.254.169.254"]
        {
            assert!(!permits(&policy, metadata), "{metadata}");
        }
        assert!(permits(&policy, "127.0.0.1"));
        assert!(permits(&policy, "::1"));
    }
}

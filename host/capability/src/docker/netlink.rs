//! Lists from the kernel over a socket of the family netlink (`man 7 netlink`): sending the request, and dividing the
//! answer into messages. The content of the messages is not interpreted here.

use std::io;

use netlink_packet_core::NetlinkBuffer;
use rustix::fd::OwnedFd;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType};

// `linux/netlink.h`.
const REQUEST_DUMP: u16 = 0x301;
const ERROR: u16 = 2;
const DONE: u16 = 3;
const HEADER: usize = 16;

/// A socket to the kernel.
pub(super) struct Netlink(OwnedFd);

impl Netlink {
    /// Opens one for a protocol of the family; none is that of routes.
    pub(super) fn open(protocol: Option<Protocol>) -> io::Result<Self> {
        let socket = rustix::net::socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, protocol)?;
        rustix::net::bind(&socket, &SocketAddrNetlink::new(0, 0))?;
        Ok(Self(socket))
    }

    /// Asks for everything of a kind. `body` is the request's own head; `each` gets the kind and the payload of each
    /// message.
    pub(super) fn dump(&self, kind: u16, body: &[u8], mut each: impl FnMut(u16, &[u8])) -> io::Result<()> {
        let invalid = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
        let mut request = vec![0; HEADER];
        request.extend_from_slice(body);
        let length = u32::try_from(request.len()).unwrap_or_default();
        let mut header = NetlinkBuffer::new(&mut request);
        header.set_length(length);
        header.set_message_type(kind);
        header.set_flags(REQUEST_DUMP);
        rustix::net::send(&self.0, &request, SendFlags::empty())?;
        // The kernel sends at most 32 KiB at once.
        let mut buffer = vec![0; 64 << 10];
        loop {
            let (size, _) = rustix::net::recv(&self.0, &mut buffer[..], RecvFlags::empty())?;
            let mut rest = buffer.get(..size).unwrap_or_default();
            if rest.is_empty() {
                return Err(invalid("the kernel's answer ends early".to_owned()));
            }
            while !rest.is_empty() {
                let message = NetlinkBuffer::new_checked(rest).map_err(|error| invalid(error.to_string()))?;
                match message.message_type() {
                    DONE => return Ok(()),
                    ERROR => return Err(invalid("the kernel refuses the list".to_owned())),
                    kind => each(kind, message.payload()),
                }
                let length = usize::try_from(message.length()).unwrap_or_default().next_multiple_of(4);
                rest = rest.get(length..).unwrap_or_default();
            }
        }
    }
}

//! Settings of sockets (socket(7), tcp(7), ip(7)).

use platform::SocketOption;
use rustix::fd::BorrowedFd;
use rustix::net::sockopt;
use std::io;
use std::time::Duration;

/// Sets a socket up.
pub(super) fn set(socket: BorrowedFd<'_>, option: SocketOption, value: i32) -> io::Result<()> {
    let (on, size) = (value != 0, usize::try_from(value).unwrap_or(0));
    let done = match option {
        SocketOption::KeepAlive => sockopt::set_socket_keepalive(socket, on),
        SocketOption::NoDelay => sockopt::set_tcp_nodelay(socket, on),
        SocketOption::Linger => {
            let seconds = u64::try_from(value).ok();
            sockopt::set_socket_linger(socket, seconds.map(Duration::from_secs))
        }
        SocketOption::SendBuffer => sockopt::set_socket_send_buffer_size(socket, size),
        SocketOption::ReceiveBuffer => sockopt::set_socket_recv_buffer_size(socket, size),
        SocketOption::TypeOfService => sockopt::set_ip_tos(socket, value as u8),
        SocketOption::Broadcast => sockopt::set_socket_broadcast(socket, on),
    };
    Ok(done?)
}

/// How a socket is set up. The kernel doubles sizes of buffers for what it needs itself (socket(7)); half is told, as Java
/// does. No lingering is the largest number.
pub(super) fn get(socket: BorrowedFd<'_>, option: SocketOption) -> io::Result<u64> {
    Ok(match option {
        SocketOption::KeepAlive => sockopt::socket_keepalive(socket)?.into(),
        SocketOption::NoDelay => sockopt::tcp_nodelay(socket)?.into(),
        SocketOption::Linger => sockopt::socket_linger(socket)?.map_or(u64::MAX, |time| time.as_secs()),
        SocketOption::SendBuffer => sockopt::socket_send_buffer_size(socket)? as u64 / 2,
        SocketOption::ReceiveBuffer => sockopt::socket_recv_buffer_size(socket)? as u64 / 2,
        SocketOption::TypeOfService => sockopt::ip_tos(socket)?.into(),
        SocketOption::Broadcast => sockopt::socket_broadcast(socket)?.into(),
    })
}

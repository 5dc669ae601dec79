//! `blkio_config`: how much a container may read from and write to block devices.

use crate::Position;
use crate::read::Fields;

/// Weights and limits of block devices.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Blkio {
    /// Relative weight, 10 to 1000; 0 switches it off.
    pub weight: Option<u16>,
    /// Weights by device.
    pub weight_device: Vec<WeightDevice>,
    /// Bytes read per second.
    pub device_read_bps: Vec<ThrottleDevice>,
    /// Read operations per second.
    pub device_read_iops: Vec<ThrottleDevice>,
    /// Bytes written per second.
    pub device_write_bps: Vec<ThrottleDevice>,
    /// Write operations per second.
    pub device_write_iops: Vec<ThrottleDevice>,
}

/// The weight of one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeightDevice {
    /// The device on the host.
    pub path: String,
    /// Relative weight, 10 to 1000.
    pub weight: u16,
}

/// The limit of one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThrottleDevice {
    /// The device on the host.
    pub path: String,
    /// Bytes or operations per second.
    pub rate: i64,
}

pub(super) fn read(fields: &mut Fields<'_>) -> Blkio {
    Blkio {
        weight: weight(fields),
        weight_device: fields.each("weight_device", |fields, position| {
            let (path, weight) = (path(fields, position, "weight"), weight(fields));
            Some(WeightDevice { path: path?, weight: weight? })
        }),
        device_read_bps: throttles(fields, "device_read_bps"),
        device_read_iops: throttles(fields, "device_read_iops"),
        device_write_bps: throttles(fields, "device_write_bps"),
        device_write_iops: throttles(fields, "device_write_iops"),
    }
}

/// Docker Compose takes no text here, and the engine nothing outside 10 to 1000 but 0.
fn weight(fields: &mut Fields<'_>) -> Option<u16> {
    fields.with("weight", |report, node, path| {
        let weight = report.number(node, path)?;
        let fits = u16::try_from(weight).ok().filter(|weight| matches!(weight, 0 | 10..=1000));
        if fits.is_none() {
            report.at(&node.position, format!("`{path}` must be between 10 and 1000, not `{weight}`"));
        }
        fits
    })?
}

fn throttles(fields: &mut Fields<'_>, key: &'static str) -> Vec<ThrottleDevice> {
    fields.each(key, |fields, position| {
        let (path, rate) = (path(fields, position, "rate"), fields.size("rate"));
        Some(ThrottleDevice { path: path?, rate: rate? })
    })
}

/// The device. Docker Compose takes an item without it, or without what it is about, and no engine does.
fn path(fields: &mut Fields<'_>, position: &Position, about: &'static str) -> Option<String> {
    for key in ["path", about] {
        if !fields.has(key) {
            fields.missing(position, key);
        }
    }
    fields.string("path")
}

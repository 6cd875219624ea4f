"""What technicians ask of the plant: its verbs, built from the plant's parts."""

from collections import Counter
from collections.abc import Mapping, Sequence

from scada.assembly import Plant
from scada.engine.bridge import Handler
from scada.engine.doors.commissioning import CommissioningDesk
from scada.engine.doors.equipment import DeviceFacts, EquipmentDesk
from scada.engine.doors.recordings import RecordingDesk
from scada.maps.proposals import ProposalDesk
from scada.model.lane.learning import WAITS
from scada.store.mapproposals import MapProposals
from scada.store.mapversions import MapVersions


def technicians(plant: Plant) -> Mapping[str, Handler]:
    """Give the verbs about devices, maps, recordings, and the setting up of lanes."""
    config, lanes = plant.config, tuple(lane.id for lane in plant.config.lanes)
    equipment = EquipmentDesk(
        site=config.site_id,
        zone=config.site.zone_info,
        db=plant.db,
        clock=plant.clock,
        tags=plant.tags,
        history=plant.historian,
        lanes=lanes,
        devices=lambda: _devices(plant),
        drivers=lambda: plant.links.drivers,
    )
    setting_up = CommissioningDesk(
        site=config.site_id,
        db=plant.db,
        clock=plant.clock,
        journal=plant.journal,
        operators=plant.operators,
        history=plant.historian,
        waits={lane.id: {key: getattr(lane.timing, key) for key in WAITS} for lane in config.lanes},
    )
    maps = config.data / "maps"
    proposals = ProposalDesk(plant.maps, MapProposals(maps / "proposed"), MapVersions(maps), plant.journal, plant.clock)
    recordings = RecordingDesk(config.site_id, config.blackbox, lanes, plant.db, plant.journal, plant.clock)
    return {**equipment.verbs(), **setting_up.verbs(), **proposals.verbs(), **recordings.verbs()}


def _devices(plant: Plant) -> Sequence[DeviceFacts]:
    """Say what the map in use says of each device."""
    tag_map, lanes = plant.maps.tag_map, {lane.name for lane in plant.config.lanes}
    found = []
    for device in tag_map.devices.values():
        tags = tag_map.on(device.name)
        read = Counter(tag.scan for tag in tags if tag.is_read)
        found.append(
            DeviceFacts(
                name=device.name,
                protocol=device.protocol.name,
                where=tuple(way.where.partition(" at ")[2] for way in device.ways),
                simulated=device.simulated,
                scans={scan.value: (scan.period_s, count) for scan, count in read.items()},
                lanes=tuple(sorted({str(tag.lane) for tag in tags} & lanes)),
                tags=len(tags),
            )
        )
    return found

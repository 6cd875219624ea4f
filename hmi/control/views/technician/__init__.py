"""The pages of technicians: devices, maps, recordings, the wizard of a lane, and the sheet by which it is accepted."""

from hmi.control.views.technician.acceptance import acceptance
from hmi.control.views.technician.devices import devices
from hmi.control.views.technician.maps import maps
from hmi.control.views.technician.recordings import recordings
from hmi.control.views.technician.wizard import wizard

PAGES = (acceptance, devices, maps, recordings, wizard)
"""Their blueprints."""

"""What a device remembers: format.md sections 6.2 (last rule), 9.2 and 9.3, as new states."""

import dataclasses

from device import MAX_REVOKED, KnownCrl
from status import require

TIME_FLOOR_STEP = 34_560_000
MAX_ISSUERS = 16


def written(state, profile=None, **changes):
    """
    A copy with the changes, as it is written: with the next counter, slots ascending, none with a floor of 0 and none
    that the profile does not have (where two states are joined no profile is at hand).
    """
    slots = changes.pop("slots", state.slots)
    slots = {name: floor for name, floor in sorted(slots.items())
             if floor and (profile is None or name in profile.components)}
    return dataclasses.replace(state, counter=(state.counter + 1) % 2**32, slots=slots, **changes)


def has_room(crls, learnt):
    """Whether the issuers of both are at most 16."""
    return len({*crls, *(issuer for issuer, _ in learnt)}) <= MAX_ISSUERS


def with_learnt(crls, learnt):
    """`crls` and the CRLs (key hash, Crl) that were learnt; nothing is learnt where there are too many issuers."""
    if not has_room(crls, learnt):
        return crls
    found = dict(crls)
    for issuer, crl in learnt:
        found[issuer] = _union(found.get(issuer), KnownCrl(crl.number, True, frozenset(crl.serials)))
    return _limited(found)


def _union(old, new):
    """What two lists of one issuer say together; one that is not complete makes the union so."""
    if old is None:
        return new
    return KnownCrl(max(old.number, new.number), old.complete and new.complete, old.revoked | new.revoked)


def _limited(crls):
    """Section 6.2: room for 256 serial numbers is given in descending order of the keys."""
    room, found = MAX_REVOKED, {}
    for issuer, known in sorted(crls.items(), reverse=True):
        fits = known.complete and len(known.revoked) <= room
        found[issuer] = known if fits else KnownCrl(known.number, False, frozenset())
        room -= len(found[issuer].revoked)
    return found


def after_revocations(profile, state, learnt):
    """At once, also after a refusal: the CRLs."""
    return written(state, profile, crls=with_learnt(state.crls, learnt))


def risen_time_floor(profile, state, signing_times):
    """The smallest signing time, at most 400 days above the old floor, never below it."""
    old = max(profile.time_floor, state.time_floor)
    return max(old, min(min(signing_times), old + TIME_FLOOR_STEP))


def raises_floors(profile, stage_bit):
    """Only packages of the highest stage in the profile raise floors."""
    return stage_bit == 1 << profile.stages.bit_length() - 1


def after_firmware(profile, state, learnt, installed, stage_bit, signing_times):
    """After the device has booted the package; `installed` maps component ids to security versions."""
    crls = with_learnt(state.crls, learnt)
    if not raises_floors(profile, stage_bit):
        return written(state, profile, crls=crls, time_floor=max(profile.time_floor, state.time_floor))
    slots = dict(state.slots)
    for name, version in installed.items():
        slots[name] = max(profile.components[name][1], slots.get(name, 0), version)
    return written(state, profile, crls=crls, slots=slots, time_floor=risen_time_floor(profile, state, signing_times))


def after_trust_update(profile, state, learnt, update, stage_bit, signing_times):
    """At once: store, epoch and resets. `update` has epoch, store, and the resets as sets and dicts, or None."""
    crls = {issuer: known for issuer, known in state.crls.items() if issuer not in update.forgotten}
    time_floor = state.time_floor
    if update.time_floor is not None:
        time_floor = update.time_floor
    elif raises_floors(profile, stage_bit):
        time_floor = risen_time_floor(profile, state, signing_times)
    return written(state, profile, crls=with_learnt(crls, learnt), slots={**state.slots, **update.floors},
                   time_floor=max(profile.time_floor, time_floor), trust_epoch=update.epoch, trust=update.store)


def joined(first, second):
    """Two states of one device and one epoch: what either of them knows. The newer counter counts."""
    same = [(one.vendor, one.model, one.trust_epoch) for one in (first, second)]
    require(same[0] == same[1], "state_mismatch")
    newer = second if 1 <= (second.counter - first.counter) % 2**32 <= 2**31 - 1 else first
    slots = dict(first.slots)
    for name, floor in second.slots.items():
        slots[name] = max(floor, slots.get(name, 0))
    crls = dict(first.crls)
    for issuer, known in second.crls.items():
        crls[issuer] = _union(crls.get(issuer), known)
    require(len(crls) <= MAX_ISSUERS, "crl_too_many")
    return written(newer, time_floor=max(first.time_floor, second.time_floor), slots=slots, crls=_limited(crls))

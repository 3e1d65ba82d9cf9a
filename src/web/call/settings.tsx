import { useRoomContext } from '@livekit/components-react'
import { useEffect, useRef, useState } from 'react'
import { DeviceSelect } from './device-select.tsx'
import { Icon } from './icons.tsx'

const FIELDS = [
  { kind: 'videoinput', label: 'Camera' },
  { kind: 'audioinput', label: 'Microphone' },
  { kind: 'audiooutput', label: 'Speaker' },
] as const

/** Devices during the call, in the browser's own modal dialog: it keeps the focus and closes on Escape. */
export const Settings = ({ onClose }: { onClose: () => void }) => {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    dialog.current?.showModal()
  }, [])
  return (
    <dialog
      ref={dialog}
      className="card settings"
      aria-labelledby="settings-title"
      onClose={onClose}
    >
      <header>
        <h2 id="settings-title">Devices</h2>
        <button
          type="button"
          className="round quiet"
          aria-label="Close"
          onClick={() => dialog.current?.close()}
        >
          <Icon name="close" />
        </button>
      </header>
      <div className="fields">
        {FIELDS.map((field) => (
          <RoomDevice key={field.kind} {...field} />
        ))}
      </div>
    </dialog>
  )
}

const RoomDevice = ({ kind, label }: (typeof FIELDS)[number]) => {
  const room = useRoomContext()
  const [active, setActive] = useState(room.getActiveDevice(kind))
  const choose = async (deviceId: string) => {
    const switched = await room.switchActiveDevice(kind, deviceId).catch(() => false)
    if (switched) setActive(deviceId)
  }
  return (
    <DeviceSelect
      label={label}
      kind={kind}
      value={active}
      opened={room}
      onChoose={(deviceId) => void choose(deviceId)}
    />
  )
}

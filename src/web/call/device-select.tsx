import { Room } from 'livekit-client'
import { useEffect, useId, useState } from 'react'

interface Props {
  label: string
  kind: MediaDeviceKind
  value: string | undefined
  /** Names of devices are hidden until something was opened; a change here asks for them again. */
  opened: unknown
  onChoose: (deviceId: string) => void
}

/** Which camera, microphone or loudspeaker. Nothing is shown while there is no choice to make. */
export const DeviceSelect = ({ label, kind, value, opened, onChoose }: Props) => {
  const id = useId()
  const devices = useDevices(kind, opened)
  if (devices.length === 0) return null
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} value={value ?? 'default'} onChange={(event) => onChoose(event.target.value)}>
        {!devices.some((device) => device.deviceId === (value ?? 'default')) && (
          <option value={value ?? 'default'}>System default</option>
        )}
        {devices.map((device) => (
          <option key={device.deviceId} value={device.deviceId}>
            {device.label}
          </option>
        ))}
      </select>
    </div>
  )
}

/** Devices of a kind that have a name: without permission browsers list nameless ones. */
const useDevices = (kind: MediaDeviceKind, opened: unknown): MediaDeviceInfo[] => {
  const [devices, setDevices] = useState<MediaDeviceInfo[]>([])
  // biome-ignore lint/correctness/useExhaustiveDependencies: `opened` is why to look again
  useEffect(() => {
    let over = false
    const look = () =>
      Room.getLocalDevices(kind, false)
        .then((found) => over || setDevices(found.filter((device) => device.label !== '')))
        .catch(() => over || setDevices([]))
    look()
    navigator.mediaDevices?.addEventListener('devicechange', look)
    return () => {
      over = true
      navigator.mediaDevices?.removeEventListener('devicechange', look)
    }
  }, [kind, opened])
  return devices
}

using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;

namespace Slice.Core.Storage;

/// <summary>
/// Notices that somebody else has changed a segment's file: cut it, made it longer again, or written to it. What was verified before is
/// then compared with its checksum once more before it is used. Thread-safe.
/// </summary>
/// <remarks>
/// Our own writes change the change time too, so each is bracketed: the file is looked at before the first of them that overlap, and its
/// state after the last of them is the one that is expected from then on. What somebody else does during our own write, or in the same
/// tick of the kernel's clock (at most 10 ms; none since Linux 6.13), looks like ours. For that there is a second sign, in
/// <see cref="SliceVerification"/>: what was cut off reads as zeros. On a network file system the change time moves by itself when the
/// server has taken a write, so that only the length is looked at there.
/// </remarks>
internal sealed class SegmentWatch
{
    /// <summary>
    /// How old the last look may be when bytes that are in memory are sent. Arbitrary: ten statx(2) a second for a segment that is read.
    /// </summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>From here on nothing counts as verified any more: every use of a slice compares it.</summary>
    public const int MaxEpoch = StoredSlice.MaxVerifiedEpoch + 1;

    private readonly Lock _lock = new();
    private readonly SafeFileHandle _file;
    private readonly string _path;
    private readonly bool _isOnNetwork;
    private readonly TimeProvider _time;
    private int _lengthBytes;

    // What our own growth is making the file, for as long as that takes; file systems lengthen it in one step or in several.
    private int _growsToBytes;
    private FileState _expected;
    private int _writes;
    private volatile int _epoch = 1;
    private volatile bool _wasCutShort;
    private long _lookedAt;

    /// <summary>Watches a file that is as long as it should be for now and that nobody uses yet.</summary>
    /// <exception cref="IOException">It cannot be asked.</exception>
    public SegmentWatch(SafeFileHandle file, string path, int lengthBytes, TimeProvider time)
    {
        _file = file;
        _path = path;
        _lengthBytes = lengthBytes;
        _isOnNetwork = new DriveInfo(path).DriveType == DriveType.Network;
        _time = time;
        _expected = Ask();
        _lookedAt = time.GetTimestamp();
    }

    /// <summary>
    /// Grows by one with each change that somebody else has made, from 1 to <see cref="MaxEpoch"/>; what was verified in an earlier epoch
    /// is not to be relied upon.
    /// </summary>
    public int Epoch => _epoch;

    /// <summary>Whether somebody has made the file shorter at any time.</summary>
    public bool WasCutShort => _wasCutShort;

    /// <summary>Asks for the state of the file; a test puts a file that has gone stale in its place.</summary>
    internal Func<SafeFileHandle, FileState> StateOf { get; set; } = FileState.Of;

    /// <summary>Looks at the file.</summary>
    /// <returns>Its length.</returns>
    /// <exception cref="IOException">It cannot be asked.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be used any more.</exception>
    public long Look()
    {
        lock (_lock)
        {
            return LookUnsynchronized();
        }
    }

    /// <summary>Looks at the file when the last look is older than <see cref="Interval"/>. Waits for nobody, and never throws.</summary>
    public void LookWhenDue()
    {
        if (_time.GetElapsedTime(Volatile.Read(ref _lookedAt)) >= Interval && !_isOnNetwork)
        {
            LookNow();
        }
    }

    /// <summary>Looks whether the file still has its length.</summary>
    /// <exception cref="IOException">It was cut short, or cannot be asked.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be used any more.</exception>
    public void CheckLength()
    {
        if (!_wasCutShort)
        {
            Look();
        }

        ThrowIfCutShort();
    }

    /// <summary>Writes to the file: pwrite(2), and a look before and after.</summary>
    /// <exception cref="IOException">The disk is full or fails, or the file was cut short.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be used any more.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, int offsetBytes, CancellationToken ct)
    {
        BeginWrite();
        try
        {
            ThrowIfCutShort();

            // May wait for the device (dirty-page throttling): the BCL does it on a pool thread.
            await RandomAccess.WriteAsync(_file, bytes, offsetBytes, ct);
        }
        finally
        {
            EndWrite();
        }
    }

    /// <summary>Makes the file longer, with blocks for what is added, and expects that length from then on. One caller at a time.</summary>
    /// <exception cref="IOException">The disk is full or fails, or the file was cut short; it is as long as before.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be used any more.</exception>
    public void Grow(int lengthBytes)
    {
        lock (_lock)
        {
            LookUnsynchronized();
            ThrowIfCutShort();
            _writes++;
            _growsToBytes = lengthBytes;
        }

        int reachedBytes = _lengthBytes;
        try
        {
            NativeMemory.Preallocate(_file, reachedBytes, lengthBytes - reachedBytes);
            reachedBytes = lengthBytes;
        }
        catch (IOException)
        {
            // Some of it may be there: a disk that is full has room for others then.
            TrySetLength(reachedBytes);
            throw;
        }
        finally
        {
            EndGrowth(reachedBytes);
        }
    }

    /// <summary>
    /// Bytes that were verified in this epoch are others now: so may be everything else in the file. Again and again without harm.
    /// </summary>
    public void Distrust(int epoch)
    {
        lock (_lock)
        {
            if (epoch == _epoch)
            {
                BeginEpochUnsynchronized();
            }
        }
    }

    private void BeginWrite()
    {
        lock (_lock)
        {
            if (_writes == 0 && !_isOnNetwork)
            {
                LookUnsynchronized();
            }

            _writes++;
        }
    }

    private void EndGrowth(int lengthBytes)
    {
        lock (_lock)
        {
            try
            {
                _expected = Ask();
                _wasCutShort |= _expected.LengthBytes < lengthBytes;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // As after a write.
            }

            _writes--;
            _growsToBytes = 0;
            _lengthBytes = lengthBytes;
        }
    }

    private void TrySetLength(int lengthBytes)
    {
        try
        {
            RandomAccess.SetLength(_file, lengthBytes);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A file that is too long is no harm.
        }
    }

    // Whatever became of the write.
    private void EndWrite()
    {
        lock (_lock)
        {
            if (--_writes > 0 || _isOnNetwork)
            {
                return;
            }

            try
            {
                var state = Ask();
                if (state.LengthBytes != _expected.LengthBytes)
                {
                    _wasCutShort |= state.LengthBytes < _lengthBytes;
                    BeginEpochUnsynchronized();
                }

                _expected = state;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // The next look finds a state that was not expected, and everything is compared.
            }
        }
    }

    private void LookNow()
    {
        // Whoever looks at this moment looks for us too.
        if (!_lock.TryEnter())
        {
            return;
        }

        try
        {
            LookUnsynchronized();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // What is in memory can be sent all the same.
        }
        finally
        {
            _lock.Exit();
        }
    }

    private long LookUnsynchronized()
    {
        Volatile.Write(ref _lookedAt, _time.GetTimestamp());
        var state = Ask();
        _wasCutShort |= state.LengthBytes < _lengthBytes;
        bool isGrowing = state.LengthBytes > _expected.LengthBytes && state.LengthBytes <= _growsToBytes;
        if ((state.LengthBytes != _expected.LengthBytes && !isGrowing) || (_writes == 0 && state != _expected))
        {
            _expected = state;
            BeginEpochUnsynchronized();
        }

        return state.LengthBytes;
    }

    private FileState Ask()
    {
        var state = StateOf(_file);
        return _isOnNetwork ? state with { ChangedAtNs = 0 } : state;
    }

    private void ThrowIfCutShort()
    {
        if (_wasCutShort)
        {
            throw new IOException($"segment {_path} was cut short by somebody; it is not used any more");
        }
    }

    private void BeginEpochUnsynchronized() => _epoch = Math.Min(_epoch + 1, MaxEpoch);
}

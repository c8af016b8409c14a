using Slice.Core.Storage;

namespace Slice.Core.Objects.Journal;

/// <summary>
/// Writes an index anew, of what is in memory, a frame at a time. Used by the journal's thread only.
/// </summary>
/// <remarks>
/// Objects change while they are written down. A change is made in memory first and recorded second, and this thread writes both the
/// frames of the objects and, through <see cref="Append"/>, those of the changes: so a frame shows every change that was recorded
/// before it, and a change that it shows too early is repeated by its own record behind. Read in order, the file says what is there.
/// </remarks>
internal sealed class IndexRewrite : IDisposable
{
    private readonly RecordBuffer _frame = new();
    private readonly ObjectIndex _index;
    private readonly IEnumerator<Generation> _generations;
    private readonly int _frameBytes;
    private IEnumerator<StoredSlice>? _slices;
    private IndexFile? _file;
    private Exception? _failure;
    private Task? _flush;

    /// <summary>A rewrite into a new file at <paramref name="path"/>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="index">What it is about.</param>
    /// <param name="frameBytes">How much is written at once, about.</param>
    /// <exception cref="IOException">The file cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">No permission.</exception>
    public IndexRewrite(string path, ObjectIndex index, int frameBytes)
    {
        (_index, _frameBytes) = (index, frameBytes);
        _generations = index.Generations.GetEnumerator();
        _file = IndexFile.Create(path);
    }

    /// <summary>Bytes written so far.</summary>
    public long LengthBytes => _file?.LengthBytes ?? 0;

    /// <summary>Whether all is written, and the device is being waited for.</summary>
    public bool IsWaiting => _flush is { IsCompleted: false };

    /// <summary>Called on any thread when the device has been waited for. Set once, before the first step.</summary>
    public Action? Flushed { get; init; }

    /// <summary>Goes on to the end.</summary>
    /// <exception cref="IOException">The disk is full or fails.</exception>
    /// <exception cref="UnauthorizedAccessException">The disk may not be written any more.</exception>
    public void Complete()
    {
        while (!Step())
        {
            _flush?.Wait();
        }
    }

    /// <summary>Goes on; true when all is written and on the device.</summary>
    /// <exception cref="IOException">The disk is full or fails.</exception>
    /// <exception cref="UnauthorizedAccessException">The disk may not be written any more.</exception>
    public bool Step()
    {
        if (_failure is not null)
        {
            throw new IOException(_failure.Message, _failure);
        }

        if (_flush is null)
        {
            FillFrame();
            if (_frame.Length > 0)
            {
                _file!.Append(_frame.Written);
                _frame.Clear(keptBytes: 2 * _frameBytes);
                return false;
            }

            // Not here: the changes of a second must not wait for a device that takes a minute.
            var file = _file!;
            _flush = Task.Run(() =>
            {
                try
                {
                    file.FlushToDisk();
                }
                finally
                {
                    Flushed?.Invoke();
                }
            });
        }

        if (_flush.IsCompleted)
        {
            _flush.GetAwaiter().GetResult();
            return true;
        }

        return false;
    }

    /// <summary>Writes changes behind what is written so far. A failure shows at the next step.</summary>
    public void Append(ReadOnlySpan<byte> records)
    {
        try
        {
            _file!.Append(records);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _failure ??= error;
        }
    }

    /// <summary>Puts the file in the place of the index and hands it over.</summary>
    /// <exception cref="IOException">It cannot be renamed.</exception>
    public IndexFile Finish(string path)
    {
        var file = _file!;
        file.MoveTo(path);
        _file = null;
        Dispose();
        return file;
    }

    /// <inheritdoc/>
    /// <remarks>What is not finished is removed: it would take room that others count on.</remarks>
    public void Dispose()
    {
        // A flush that goes on keeps the descriptor open until it is done; the handle counts its uses.
        _file?.Discard();
        _slices?.Dispose();
        _generations.Dispose();
    }

    private void FillFrame()
    {
        while (_frame.Length < _frameBytes)
        {
            if (_slices is null)
            {
                if (!_generations.MoveNext())
                {
                    return;
                }

                // What was purged before must not be written behind the record of the purge, which may be in the file by now.
                var generation = _generations.Current;
                _index.EnforcePurges(generation);
                if (generation.IsRetired)
                {
                    continue;
                }

                IndexRecords.WriteObject(_frame, generation);
                _slices = generation.Slices.GetEnumerator();
            }

            if (!_slices.MoveNext())
            {
                _slices.Dispose();
                _slices = null;
            }
            else
            {
                // Without the store's lock. The record of a change comes after the change: either it was written before this frame began,
                // and the change shows here, or it is written behind this frame. More at IndexJournal.TenantPublished.
                IndexRecords.WriteSlice(_frame, _slices.Current);
            }
        }
    }
}

using System.Buffers;

namespace Slice.Tests.Support;

/// <summary>
/// Bytes on their way, with the contract of a pipe: <see cref="TryRead"/> shows everything that has arrived and is not consumed, and shows
/// it again until <see cref="AdvanceTo"/> releases it. Once everything seen was examined, the next read waits for more.
/// </summary>
internal sealed class Arrival(byte[] input, int[] cuts, bool arrivesAtOnce)
{
    private int _consumed;
    private int _arrivals;
    private bool _isExamined = true;
    private ReadOnlySequence<byte> _shown;

    /// <summary>Number of bytes released so far.</summary>
    public int Consumed => _consumed;

    private int Arrived => arrivesAtOnce || _arrivals > cuts.Length ? input.Length : _arrivals == 0 ? 0 : cuts[_arrivals - 1];

    /// <summary>The bytes to parse; false when the parser has asked for more than there is.</summary>
    public bool TryRead(out ReadOnlySequence<byte> buffer)
    {
        if (_isExamined)
        {
            if (_arrivals > (arrivesAtOnce ? 0 : cuts.Length))
            {
                buffer = default;
                return false;
            }

            _arrivals++;
        }

        buffer = _shown = Segments.Of(input, cuts, _consumed, Arrived);
        return true;
    }

    /// <summary>Releases what was consumed.</summary>
    public void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        _isExamined = _shown.Slice(examined).IsEmpty;
        _consumed += (int)_shown.Slice(0, consumed).Length;
    }
}

using System.Text;

namespace Slice.Core.Http;

/// <summary>
/// The field lines of one head, in order, as offsets into the head's own bytes. Spans it hands out live as long as the
/// head: until <see cref="MessageHead.Reset"/> or the next parse. Not thread-safe; owned by its <see cref="MessageHead"/>.
/// </summary>
public sealed class FieldTable
{
    // A browser sends 12 to 20 lines, a server fewer. A table that grew beyond this is dropped on reset, so that one odd message does not
    // weigh on an idle connection.
    private const int UsualLineCount = 32;

    private FieldLine[] _lines = new FieldLine[UsualLineCount];
    private byte[] _bytes = [];
    private ulong _present;
    private ulong _repeated;

    /// <summary>Number of field lines.</summary>
    public int LineCount { get; private set; }

    /// <summary>Which field line <paramref name="index"/> is, 0 to below <see cref="LineCount"/>.</summary>
    public KnownField FieldAt(int index) => _lines[Checked(index)].Field;

    /// <summary>The name of field line <paramref name="index"/> in the sender's spelling.</summary>
    public ReadOnlySpan<byte> NameAt(int index)
    {
        ref readonly FieldLine line = ref _lines[Checked(index)];
        return _bytes.AsSpan(line.NameStart, line.NameLength);
    }

    /// <summary>The value of field line <paramref name="index"/> without OWS at its ends; may be empty.</summary>
    public ReadOnlySpan<byte> ValueAt(int index)
    {
        ref readonly FieldLine line = ref _lines[Checked(index)];
        return _bytes.AsSpan(line.ValueStart, line.ValueLength);
    }

    /// <summary>Whether at least one line is <paramref name="field"/>.</summary>
    public bool Contains(KnownField field) => (_present & Bit(field)) != 0;

    /// <summary>Number of lines that are <paramref name="field"/>.</summary>
    public int Count(KnownField field)
    {
        if ((_repeated & Bit(field)) == 0)
        {
            return Contains(field) ? 1 : 0;
        }

        int count = 0;
        for (int index = 0; index < LineCount; index++)
        {
            count += _lines[index].Field == field ? 1 : 0;
        }

        return count;
    }

    /// <summary>
    /// The value of the first line that is <paramref name="field"/>; false, and an empty value, when there is none. For a field that is
    /// a list, look at <see cref="Count"/> and walk with <see cref="NextIndex(KnownField, int)"/>.
    /// </summary>
    public bool TryGet(KnownField field, out ReadOnlySpan<byte> value)
    {
        int index = NextIndex(field, 0);
        value = index < 0 ? default : ValueAt(index);
        return index >= 0;
    }

    /// <summary>
    /// Index of the first line at or after <paramref name="startIndex"/> that is <paramref name="field"/>; −1 when there is none.
    /// </summary>
    public int NextIndex(KnownField field, int startIndex)
    {
        if (Contains(field))
        {
            for (int index = startIndex; index < LineCount; index++)
            {
                if (_lines[index].Field == field)
                {
                    return index;
                }
            }
        }

        return -1;
    }

    /// <summary>
    /// Index of the first line at or after <paramref name="startIndex"/> with this name, in any mix of cases; −1 when there is none.
    /// </summary>
    public int NextIndex(ReadOnlySpan<byte> name, int startIndex)
    {
        for (int index = startIndex; index < LineCount; index++)
        {
            if (Ascii.EqualsIgnoreCase(NameAt(index), name))
            {
                return index;
            }
        }

        return -1;
    }

    /// <summary>Says where the bytes are from now on; offsets stay valid because the bytes only ever move as a whole.</summary>
    internal void Attach(byte[] bytes) => _bytes = bytes;

    internal void Add(KnownField field, int nameStart, int nameLength, int valueStart, int valueLength)
    {
        if (LineCount == _lines.Length)
        {
            Array.Resize(ref _lines, LineCount * 2);
        }

        _lines[LineCount++] = new FieldLine(field, nameStart, nameLength, valueStart, valueLength);
        ulong bit = Bit(field);
        _repeated |= _present & bit;
        _present |= bit;
    }

    /// <summary>Where the value of a line ends in the bytes of the head.</summary>
    internal int ValueEndAt(int index)
    {
        ref readonly FieldLine line = ref _lines[Checked(index)];
        return line.ValueStart + line.ValueLength;
    }

    /// <summary>Lets the value of the last line go on to another place; an empty one begins at <paramref name="start"/>.</summary>
    internal void ExtendLast(int start, int valueEnd)
    {
        ref FieldLine line = ref _lines[LineCount - 1];
        int valueStart = line.ValueLength == 0 ? start : line.ValueStart;
        line = line with { ValueStart = valueStart, ValueLength = valueEnd - valueStart };
    }

    internal void Clear()
    {
        LineCount = 0;
        _present = 0;
        _repeated = 0;
    }

    internal void Release()
    {
        Clear();
        _bytes = [];
        if (_lines.Length > UsualLineCount)
        {
            _lines = new FieldLine[UsualLineCount];
        }
    }

    private static ulong Bit(KnownField field) => 1UL << (int)field;

    // Lines of an earlier message stay in the array; without the check a wrong index would read them.
    private int Checked(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)LineCount, nameof(index));
        return index;
    }

    private readonly record struct FieldLine(KnownField Field, int NameStart, int NameLength, int ValueStart, int ValueLength);
}

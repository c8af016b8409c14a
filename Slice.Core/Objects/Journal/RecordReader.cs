using System.Buffers.Binary;
using System.Text;

namespace Slice.Core.Objects.Journal;

/// <summary>Reads what a <see cref="RecordBuffer"/> wrote.</summary>
/// <param name="bytes">The records.</param>
internal ref struct RecordReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>Whether all of it was read.</summary>
    public readonly bool IsAtEnd => _rest.IsEmpty;

    /// <summary>A byte.</summary>
    /// <exception cref="InvalidDataException">There is none; so do the others.</exception>
    public byte Byte() => Take(1)[0];

    /// <summary>Two bytes.</summary>
    public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    /// <summary>Four bytes.</summary>
    public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

    /// <summary>Four bytes.</summary>
    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    /// <summary>Eight bytes.</summary>
    public long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Take(8));

    /// <summary>Numbers of eight bytes behind how many they are.</summary>
    public ulong[] UInt64s()
    {
        var bytes = Take(Math.Min(Int32(), int.MaxValue / sizeof(ulong)) * sizeof(ulong));
        ulong[] values = new ulong[bytes.Length / sizeof(ulong)];
        for (int index = 0; index < values.Length; index++)
        {
            values[index] = BinaryPrimitives.ReadUInt64LittleEndian(bytes[(index * sizeof(ulong))..]);
        }

        return values;
    }

    /// <summary>Bytes behind their length.</summary>
    public ReadOnlySpan<byte> Bytes() => Take(Int32());

    /// <summary>Text behind its length, or null.</summary>
    public string? Text()
    {
        int length = Int32();
        return length == -1 ? null : Encoding.Latin1.GetString(Take(length));
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count < 0 || count > _rest.Length)
        {
            // A frame has a checksum: only a writer that was wrong, or of another version, gets here.
            throw new InvalidDataException($"a record of the index asks for {count} bytes where {_rest.Length} are left");
        }

        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}

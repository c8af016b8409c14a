using System.Buffers.Binary;
using System.Text;

namespace Slice.Core.Objects.Journal;

/// <summary>Bytes of records on their way to the index, in a buffer that grows. Not thread-safe.</summary>
internal sealed class RecordBuffer
{
    private const int InitialBytes = 4096;

    private byte[] _bytes = [];

    /// <summary>Bytes written.</summary>
    public int Length { get; private set; }

    /// <summary>What was written.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    /// <summary>Forgets what was written, and the memory when it has become large.</summary>
    public void Clear(int keptBytes)
    {
        Length = 0;
        if (_bytes.Length > keptBytes)
        {
            _bytes = [];
        }
    }

    /// <summary>A byte.</summary>
    public void Byte(byte value) => Take(1)[0] = value;

    /// <summary>Two bytes, little-endian like all numbers here.</summary>
    public void UInt16(ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(Take(2), value);

    /// <summary>Four bytes.</summary>
    public void Int32(int value) => BinaryPrimitives.WriteInt32LittleEndian(Take(4), value);

    /// <summary>Four bytes.</summary>
    public void UInt32(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Take(4), value);

    /// <summary>Eight bytes.</summary>
    public void Int64(long value) => BinaryPrimitives.WriteInt64LittleEndian(Take(8), value);

    /// <summary>How many they are in four bytes, then the numbers in eight bytes each.</summary>
    public void UInt64s(ReadOnlySpan<ulong> values)
    {
        Int32(values.Length);
        foreach (ulong value in values)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(Take(sizeof(ulong)), value);
        }
    }

    /// <summary>A length in four bytes, then the bytes.</summary>
    public void Bytes(ReadOnlySpan<byte> value)
    {
        Int32(value.Length);
        value.CopyTo(Take(value.Length));
    }

    /// <summary>Latin-1 text like <see cref="Bytes"/>; null is told from empty.</summary>
    public void Text(string? value)
    {
        if (value is null)
        {
            Int32(-1);
            return;
        }

        Int32(value.Length);
        Encoding.Latin1.GetBytes(value, Take(value.Length));
    }

    private Span<byte> Take(int count)
    {
        if (_bytes.Length - Length < count)
        {
            Array.Resize(ref _bytes, Math.Max(Math.Max(InitialBytes, _bytes.Length * 2), Length + count));
        }

        Length += count;
        return _bytes.AsSpan(Length - count, count);
    }
}

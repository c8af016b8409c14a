using System.Numerics;
using CsCheck;
using Slice.Core.Storage;

namespace Slice.Tests.Storage;

public class ExtentAllocatorTests
{
    private const int Unit = ExtentAllocator.UnitBytes;

    // A step allocates that many bytes, or, when negative, frees one of the live extents.
    private static readonly Gen<(int CapacityBytes, int[] Steps)> s_runs =
        from units in Gen.OneOf(Gen.Int[1, 40], Gen.Int[60, 70], Gen.Int[1000, 1100])
        from remainder in Gen.Int[0, Unit - 1]
        from steps in Gen.OneOf(Gen.Int[1, (units * Unit / 3) + 1], Gen.Int[-1000, -1]).Array[0, 200]
        select ((units * Unit) + remainder, steps);

    [Fact]
    public void Extents_are_disjoint_and_refused_only_without_an_aligned_block() =>
        s_runs.Sample((capacityBytes, steps) =>
        {
            var allocator = new ExtentAllocator(capacityBytes);
            var isTaken = new bool[capacityBytes / Unit];
            var live = new List<(int OffsetBytes, int LengthBytes)>();
            foreach (int step in steps)
            {
                if (step < 0)
                {
                    FreeOne(allocator, isTaken, live, -step);
                }
                else if (allocator.TryAllocate(step, out int offsetBytes))
                {
                    Mark(isTaken, offsetBytes, step, from: false, to: true);
                    live.Add((offsetBytes, step));
                }
                else
                {
                    Assert.False(HasAlignedBlock(isTaken, UnitsOf(step)), $"{step} bytes refused");
                }

                Assert.Equal((long)isTaken.Count(taken => !taken) * Unit, allocator.FreeBytes);
            }

            while (live.Count > 0)
            {
                FreeOne(allocator, isTaken, live, live.Count / 2);
            }

            // Everything has merged again: what was free at first is free in one piece.
            int largestBlockUnits = 1 << BitOperations.Log2((uint)isTaken.Length);
            Assert.Equal((long)isTaken.Length * Unit, allocator.FreeBytes);
            Assert.True(allocator.TryAllocate(largestBlockUnits * Unit, out _));
        });

    // Any part may be freed, not only what was allocated in one piece; a part of which any unit is free may not.
    [Fact]
    public void Free_is_refused_when_any_unit_is_free_and_changes_nothing_then() =>
        Gen.Select(Gen.Int[1, 300], Gen.Select(Gen.Int[0, 320], Gen.Int[1, 40]).Array[1, 60]).Sample((units, parts) =>
        {
            var allocator = new ExtentAllocator(units * Unit);
            var isTaken = new bool[units];
            Assert.True(allocator.TryTake(0, units * Unit));
            Mark(isTaken, 0, units * Unit, from: false, to: true);
            foreach (var (first, count) in parts)
            {
                bool isAllTaken = first + count <= units && Array.TrueForAll(isTaken[first..(first + count)], taken => taken);
                if (isAllTaken)
                {
                    allocator.Free(first * Unit, count * Unit);
                    Mark(isTaken, first * Unit, count * Unit, from: true, to: false);
                }
                else
                {
                    var error = Assert.Throws<InvalidOperationException>(() => allocator.Free(first * Unit, count * Unit));
                    string extent = $"{count * Unit} bytes at {first * Unit} ";
                    Assert.Contains(extent + "was freed that is not taken", error.Message, StringComparison.Ordinal);
                }

                Assert.Equal((long)isTaken.Count(taken => !taken) * Unit, allocator.FreeBytes);
            }
        });

    [Theory]
    [InlineData(-Unit, Unit)]
    [InlineData(1, Unit)]
    [InlineData(3 * Unit, 2 * Unit)]
    [InlineData(4 * Unit, Unit)]
    [InlineData(int.MaxValue / Unit * Unit, int.MaxValue)]
    public void Free_of_what_no_allocation_gives_is_refused(int offsetBytes, int lengthBytes)
    {
        var allocator = new ExtentAllocator(4 * Unit);
        Assert.True(allocator.TryTake(0, 4 * Unit));
        Assert.Throws<InvalidOperationException>(() => allocator.Free(offsetBytes, lengthBytes));
        Assert.Equal(0, allocator.FreeBytes);
    }

    [Fact]
    public void Extent_takes_no_more_than_its_units_of_a_larger_block()
    {
        var allocator = new ExtentAllocator(16 * Unit);
        Assert.True(allocator.TryAllocate(10 * Unit, out int ten));
        Assert.Equal(6 * Unit, allocator.FreeBytes);
        Assert.True(allocator.TryAllocate(4 * Unit, out int four));
        Assert.True(allocator.TryAllocate(2 * Unit, out int two));
        Assert.Equal([0, 10 * Unit, 12 * Unit], new[] { ten, two, four });
        Assert.False(allocator.TryAllocate(1, out _));
    }

    [Theory]
    [InlineData(1, Unit)]
    [InlineData(Unit, Unit)]
    [InlineData(Unit + 1, 2 * Unit)]
    [InlineData(10 << 20, 10 << 20)]
    [InlineData(0, Unit)]
    public void RoundUp_gives_whole_units_and_at_least_one(int lengthBytes, int extentBytes) =>
        Assert.Equal(extentBytes, ExtentAllocator.RoundUp(lengthBytes));

    [Fact]
    public void Capacity_below_one_unit_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new ExtentAllocator(Unit - 1));
        Assert.Equal(Unit, new ExtentAllocator((2 * Unit) - 1).FreeBytes);
    }

    [Fact]
    public void Segment_of_a_gibibyte_is_used_to_the_last_byte()
    {
        var allocator = new ExtentAllocator(1 << 30);
        for (int count = 0; count < 1 << 10; count++)
        {
            Assert.True(allocator.TryAllocate(1 << 20, out int offsetBytes));
            Assert.Equal(count << 20, offsetBytes);
        }

        Assert.Equal(0, allocator.FreeBytes);
        Assert.False(allocator.TryAllocate(1, out _));
    }

    private static void FreeOne(ExtentAllocator allocator, bool[] isTaken, List<(int OffsetBytes, int LengthBytes)> live, int choice)
    {
        if (live.Count == 0)
        {
            return;
        }

        var (offsetBytes, lengthBytes) = live[choice % live.Count];
        live.RemoveAt(choice % live.Count);
        allocator.Free(offsetBytes, lengthBytes);
        Mark(isTaken, offsetBytes, lengthBytes, from: true, to: false);
    }

    private static void Mark(bool[] isTaken, int offsetBytes, int lengthBytes, bool from, bool to)
    {
        Assert.Equal(0, offsetBytes % Unit);
        var extent = isTaken.AsSpan(offsetBytes / Unit, UnitsOf(lengthBytes));
        Assert.False(extent.Contains(to), $"unit of {offsetBytes}+{lengthBytes} was not {from} before");
        extent.Fill(to);
    }

    private static bool HasAlignedBlock(bool[] isTaken, int units)
    {
        int block = (int)BitOperations.RoundUpToPowerOf2((uint)units);
        for (int first = 0; first + block <= isTaken.Length; first += block)
        {
            if (!isTaken.AsSpan(first, block).Contains(true))
            {
                return true;
            }
        }

        return false;
    }

    private static int UnitsOf(int lengthBytes) => (lengthBytes + Unit - 1) / Unit;
}

using System.Text;
using Slice.Core.Http;
using Slice.Tests.Support;

namespace Slice.Tests.Http;

public class FieldTableTests
{
    [Fact]
    public void Every_known_field_is_found_in_any_case()
    {
        foreach (KnownField field in Enum.GetValues<KnownField>().Where(field => field != KnownField.Other))
        {
            string name = NameOf(field);
            Assert.Equal(field, KnownFields.Find(Encoding.Latin1.GetBytes(name)));
            Assert.Equal(field, KnownFields.Find(Encoding.Latin1.GetBytes(name.ToUpperInvariant())));
            Assert.Equal(KnownField.Other, KnownFields.Find(Encoding.Latin1.GetBytes(name[..^1] + "!")));
            Assert.Equal(KnownField.Other, KnownFields.Find(Encoding.Latin1.GetBytes("!" + name[1..])));
        }
    }

    [Fact]
    public void Known_fields_fit_one_word() => Assert.True(Enum.GetValues<KnownField>().Length <= 64);

    [Fact]
    public void Lines_of_a_repeated_field_are_counted_and_walked()
    {
        FieldTable fields = Heads.Parse("Host: a\r\nCookie: 1\r\nX: y\r\nCookie: 2\r\nVia:").Fields;
        Assert.Equal(2, fields.Count(KnownField.Cookie));
        Assert.Equal(1, fields.Count(KnownField.Via));
        Assert.Equal(0, fields.Count(KnownField.Range));
        Assert.Equal(1, fields.NextIndex(KnownField.Cookie, 0));
        Assert.Equal(3, fields.NextIndex(KnownField.Cookie, 2));
        Assert.Equal(-1, fields.NextIndex(KnownField.Cookie, 4));
        Assert.True(fields.TryGet(KnownField.Cookie, out ReadOnlySpan<byte> first));
        Assert.Equal("1"u8, first);
        Assert.True(fields.TryGet(KnownField.Via, out ReadOnlySpan<byte> empty));
        Assert.True(empty.IsEmpty);
        Assert.False(fields.TryGet(KnownField.Range, out _));
    }

    [Fact]
    public void Lines_beyond_the_usual_number_are_kept()
    {
        FieldTable fields = Heads.Parse(string.Join("\r\n", Enumerable.Range(0, 99).Select(n => $"X-{n}: {n}").Prepend("Host: a"))).Fields;
        Assert.Equal(100, fields.LineCount);
        Assert.Equal("98"u8, fields.ValueAt(99));
        Assert.Equal("X-0"u8, fields.NameAt(1));
    }

    [Fact]
    public void Line_that_does_not_exist_is_refused()
    {
        FieldTable fields = Heads.Parse("Host: a").Fields;
        Assert.Throws<ArgumentOutOfRangeException>(() => fields.FieldAt(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => fields.FieldAt(-1));
    }

    // If-None-Match from IfNoneMatch; TE is the one that is all capitals.
    private static string NameOf(KnownField field) => string.Concat(
        field.ToString().Select((letter, index) => index > 0 && char.IsUpper(letter) ? $"-{letter}" : $"{letter}"));
}
